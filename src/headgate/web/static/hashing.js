// Finds the SHA-256 of a whole file beside the page, a piece at a time: crypto.subtle takes only what fits in memory.
// Message in: a File. Message out: { done } in bytes, then { sha256 } in base64, or { fault }.
import { sha256 } from "./vendor/noble/sha2.js";

const PIECE_BYTES = 4 * 1024 * 1024;

async function read(file, offset) {
  return offset < file.size ? new Uint8Array(await file.slice(offset, offset + PIECE_BYTES).arrayBuffer()) : null;
}

addEventListener("message", async ({ data: file }) => {
  try {
    const hash = sha256.create();
    let next = read(file, 0); // the next piece is read while this one is hashed
    for (let offset = 0; offset < file.size; offset += PIECE_BYTES) {
      const piece = await next;
      next = read(file, offset + PIECE_BYTES);
      hash.update(piece);
      postMessage({ done: offset + piece.length });
    }
    postMessage({ sha256: btoa(String.fromCharCode(...hash.digest())) });
  } catch (error) {
    postMessage({ fault: String(error) });
  }
});
