// A provider of OpenID Connect on the loopback, by oidc-provider: `node provider.mjs '{"port": 0, "clients": [...]}'`.
// It says {"issuer": ...} when it serves. POST /control {"roles": {account: [...]}, "tamper": kind} sets what it says
// of people, and how the next ID tokens are made wrong: by the provider's own key, so that only that is wrong.
// {"told": {claim: value}} are claims that the next ID tokens tell besides, or null for one that they do not tell.
import { createServer } from 'node:http';

import { SignJWT, UnsecuredJWT, decodeJwt, exportJWK, generateKeyPair, importJWK } from 'jose';
import Provider from 'oidc-provider';

const given = JSON.parse(process.argv[2]);
const kid = `k-${Date.now()}`;

async function makeKey() {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, use: 'sig', alg: 'RS256' };
}

const own = await makeKey();
const foreign = await makeKey();
let roles = {};
let tamper = null;
let told = null;

const signed = async (claims, key = own, header = {}) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(await importJWK(key, 'RS256'));

const seconds = (moved) => Math.floor(Date.now() / 1000) + moved;
const publicKey = Buffer.from(JSON.stringify({ kty: own.kty, n: own.n, e: own.e }));

const WRONG = {
  audience: (claims) => signed({ ...claims, aud: 'another' }),
  audiences: (claims) => signed({ ...claims, aud: [claims.aud, 'another'] }),
  'authorized-party': (claims) => signed({ ...claims, azp: 'another' }),
  issuer: (claims) => signed({ ...claims, iss: 'https://another.example' }),
  expired: (claims) => signed({ ...claims, iat: seconds(-600), exp: seconds(-65) }),
  'expired-just-now': (claims) => signed({ ...claims, iat: seconds(-600), exp: seconds(-50) }),
  'no-expiry': ({ exp, ...claims }) => signed(claims),
  early: (claims) => signed({ ...claims, nbf: seconds(120) }),
  'made-in-future': (claims) => signed({ ...claims, iat: seconds(120) }),
  nonce: (claims) => signed({ ...claims, nonce: 'another' }),
  'no-nonce': ({ nonce, ...claims }) => signed(claims),
  'no-subject': ({ sub, ...claims }) => signed(claims),
  'odd-subject': (claims) => signed({ ...claims, sub: 'x'.repeat(256) }),
  'odd-roles': (claims) => signed({ ...claims, roles: { admin: true }, preferred_username: 7 }),
  'token-hash': (claims) => signed({ ...claims, at_hash: 'another' }),
  'foreign-key': (claims) => signed(claims, foreign),
  'unknown-key': (claims) => signed(claims, foreign, { kid: 'another' }),
  unsigned: (claims) => new UnsecuredJWT(claims).encode(),
  'shared-secret': (claims) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid }).sign(new TextEncoder().encode(given.clients[0].client_secret)),
  'public-key-as-secret': (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid }).sign(publicKey),
  broken: () => 'no.token.this',
  huge: (claims) => signed({ ...claims, filler: 'x'.repeat(100_000) }),
};

async function tampered(body) {
  if (told !== null && body.id_token) {
    const claims = Object.entries({ ...decodeJwt(body.id_token), ...told }).filter(([, value]) => value !== null);
    return { ...body, id_token: await signed(Object.fromEntries(claims)) };
  }
  if (tamper === null || !body.id_token) return body;
  if (tamper === 'absent') return { ...body, id_token: undefined };
  return { ...body, id_token: await WRONG[tamper](decodeJwt(body.id_token)) };
}

const server = createServer();
server.listen(given.port ?? 0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: given.clients,
    jwks: { keys: [own] },
    claims: { openid: ['sub', 'roles'], profile: ['preferred_username'] },
    conformIdTokenClaims: false,
    acrValues: ['urn:example:two', 'urn:example:three'],
    pkce: { required: () => true },
    cookies: { keys: ['a key of this test'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: `${id}@lake.example.org`, roles: roles[id] ?? [] }),
    }),
  });
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === '/token' && ctx.status === 200) ctx.body = await tampered(ctx.body);
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (request.url !== '/control') {
      answer(request, response);
      return;
    }
    let text = '';
    request.on('data', (piece) => { text += piece; });
    request.on('end', () => {
      ({ roles = roles, tamper = null, told = null } = JSON.parse(text));
      response.end();
    });
  });
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});
