// Sends files by tus, part by part with a checksum each, and goes on after a cut or a reload. The SHA-256 of the whole
// is found meanwhile, and told with the last part. Without this file the form sends files the plain way.
"use strict";

const form = document.querySelector("form[data-endpoint]");
const section = document.querySelector("[data-uploads]");
const list = section?.querySelector("ul");
const input = form?.querySelector("input[type=file]");
const CHUNK_BYTES = 8 * 1024 * 1024;
const HASHING = new URL("hashing.js", document.currentScript.src);
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
// The link's secret goes in a header: an address would stand in logs.
const headers = form && "link" in form.dataset ? { Authorization: `Link ${form.action.split("/").pop()}` } : {};

/* The SHA-256 of a whole file in base64, found by a worker; null where there can be none. */
function hashed(file) {
  return new Promise((resolve) => {
    let worker;
    try { worker = new Worker(HASHING, { type: "module" }); } catch { resolve(null); return; }
    const end = (sha256) => { worker.terminate(); resolve(sha256); };
    worker.addEventListener("message", ({ data }) => {
      if (data.sha256) end(data.sha256);
      if (data.fault) end(null);
    });
    worker.addEventListener("error", () => end(null));
    worker.postMessage(file);
  });
}

/* Puts the SHA-256 of each part before it, where the browser lets us compute it (https, or this machine), and that of
   the whole before the last. */
class ProvingStack extends tus.DefaultHttpStack {
  constructor(file, whole, waits) {
    super();
    Object.assign(this, { file, whole, waits });
  }

  createRequest(method, url) {
    const request = super.createRequest(method, url);
    const send = request.send.bind(request), abort = request.abort.bind(request);
    let aborted = false;
    request.abort = () => { aborted = true; return abort(); };
    request.send = async (body = null) => {
      if (method === "PATCH" && body) await this.prove(request, body);
      if (aborted) throw new Error("paused while the part was proven");
      return send(body);
    };
    return request;
  }

  async prove(request, body) {
    if (crypto.subtle) {
      const digest = await crypto.subtle.digest("SHA-256", await body.arrayBuffer());
      request.setHeader("Upload-Checksum", `sha256 ${btoa(String.fromCharCode(...new Uint8Array(digest)))}`);
    }
    if (Number(request.getHeader("Upload-Offset")) + body.size < this.file.size) return;
    this.waits();
    const sha256 = await this.whole;
    if (sha256) request.setHeader("Repr-Digest", `sha-256=:${sha256}:`);
  }
}

function line(file) {
  for (const before of list.querySelectorAll("[data-came]")) if (before.dataset.came === file.name) before.remove();
  const item = document.createElement("li");
  item.innerHTML = `<header><h3></h3><span class="state go">sending</span></header>
    <div class="gauge"><progress max="100" value="0"></progress></div>
    <div class="actions"><span class="small" data-said></span>
    <button class="btn small" type="button" data-pause>Pause</button>
    <button class="btn quiet small" type="button" data-cancel>Cancel the upload</button></div>`;
  item.querySelector("h3").textContent = file.name;
  item.querySelector("progress").setAttribute("aria-label", `${file.name}: how much is sent`);
  list.append(item);
  section.hidden = false;
  return item;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 1 })} MB`;
}

function say(item, kind, word, text) {
  const state = item.querySelector(".state");
  state.className = `state ${kind}`;
  state.textContent = word;
  item.querySelector("[data-said]").textContent = text;
}

function ended(item) {
  for (const button of item.querySelectorAll("button")) button.remove();
}

function told(error) {
  const body = error.originalResponse?.getBody();
  try {
    const { message, next } = JSON.parse(body).error;
    return `${message} Next: ${next}`;
  } catch { return "The connection broke. Next: choose the same file again; it goes on where it stopped."; }
}

function start(file) {
  const item = line(file);
  const pause = item.querySelector("[data-pause]");
  const upload = new tus.Upload(file, {
    endpoint: new URL(form.dataset.endpoint, location.href).href, // whole: tus-js-client puts the page before a path
    chunkSize: CHUNK_BYTES,
    retryDelays: [0, 500, 1000, 3000, 5000, 10000, 20000],
    metadata: file.size ? { filename: file.name } : { filename: file.name, sha256: EMPTY_SHA256 },
    headers,
    removeFingerprintOnSuccess: true,
    httpStack: new ProvingStack(file, hashed(file), () => say(item, "go", "sending", "The whole is proven before its last part goes.")),
    onProgress(sent, whole) {
      item.querySelector("progress").value = whole ? (100 * sent) / whole : 100;
      say(item, "go", "sending", `${megabytes(sent)} of ${megabytes(whole)}`);
    },
    onError(error) {
      say(item, "fail", "stopped", told(error));
      ended(item);
    },
    onSuccess() {
      item.querySelector("progress").value = 100;
      say(item, "ok", "arrived whole", "It is being checked. Next: load this page again to see what became of it.");
      ended(item);
    },
  });
  pause.addEventListener("click", () => {
    const paused = pause.textContent === "Resume";
    pause.textContent = paused ? "Pause" : "Resume";
    item.querySelector(".gauge").classList.toggle("paused", !paused);
    if (paused) { upload.start(); return; }
    upload.abort();
    say(item, "wait", "paused by you", "What was sent is safe here.");
  });
  item.querySelector("[data-cancel]").addEventListener("click", async () => {
    await upload.abort(true);
    say(item, "void", "cancelled", "Nothing of it was kept.");
    ended(item);
  });
  upload.findPreviousUploads().then((previous) => {
    if (previous.length) upload.resumeFromPreviousUpload(previous[0]);
    upload.start();
  });
}

if (form && tus.isSupported) {
  input.multiple = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    for (const file of input.files) start(file);
    form.reset();
  });
  form.addEventListener("drop", (event) => { for (const file of event.dataTransfer.files) start(file); });
}
