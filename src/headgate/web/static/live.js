// Keeps an open page true: when something happens to a delivery, the parts that show it are read anew.
// Without this file, or where the stream is refused, a reload does the same.
"use strict";

const said = document.querySelector("[data-live]");
const QUIET_MS = 400; // several things happen at once
const LEAST_MS = 1500; // between two readings
let source = null;
let waiting = 0;
let last = 0;
let news = new Map(); // delivery -> what happened to it

function hear() {
  source = new EventSource(said.dataset.live);
  source.addEventListener("delivery", (event) => {
    const change = JSON.parse(event.data);
    if (said.dataset.only && said.dataset.only !== change.delivery) return;
    news.set(change.delivery, change.type);
    soon();
  });
  source.addEventListener("lost", soon);
}

function soon() {
  if (waiting) return;
  waiting = setTimeout(read, Math.max(QUIET_MS, last + LEAST_MS - Date.now()));
}

async function read() {
  waiting = 0;
  last = Date.now();
  let page;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected || !answer.ok) { source.close(); say("This page is not kept up to date any more: reload it."); return; }
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch { return; } // cut off: the stream tells when it is back
  const happened = news;
  news = new Map();
  let kept = false;
  for (const part of document.querySelectorAll("[data-part]")) {
    const fresh = page.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!fresh || fresh.innerHTML === part.innerHTML) continue;
    if (inUse(part)) { kept = true; continue; }
    replace(part, fresh);
  }
  document.dispatchEvent(new Event("headgate:read"));
  if (kept) say("Something changed. Reload the page to see it; what you typed is left alone until then.");
  else if (happened.size) say([...happened].map(tell).join(" "));
}

/* What somebody fills in is never taken from under their hands. */
function inUse(part) {
  return [...part.querySelectorAll("input, textarea, select")].some((field) =>
    field === document.activeElement ||
    (field.matches("[type=checkbox], [type=radio]") ? field.checked !== field.defaultChecked :
      field.matches("select") ? [...field.options].some((one) => one.selected !== one.defaultSelected) && field.selectedIndex > 0 :
        field.value !== field.defaultValue));
}

function replace(part, fresh) {
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const where = focused?.id ? `#${CSS.escape(focused.id)}` : focused?.getAttribute("href") ? `a[href="${CSS.escape(focused.getAttribute("href"))}"]` : null;
  part.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
  if (where) part.querySelector(where)?.focus({ preventScroll: true });
}

function tell([delivery, type]) {
  const link = document.querySelector(`a[href$="/deliveries/${CSS.escape(delivery)}"]`);
  return `${link?.textContent ?? delivery}: ${type}.`;
}

function say(text) { said.textContent = text; }

/* A hidden page hears nothing, so that many of them cost nothing; seen again, it reads itself anew. */
document.addEventListener("visibilitychange", () => {
  if (!said || !("EventSource" in window)) return;
  if (document.hidden) { source?.close(); source = null; }
  else if (!source) { hear(); soon(); }
});
addEventListener("pagehide", () => { source?.close(); source = null; });
if (said && "EventSource" in window && !document.hidden) hear();
