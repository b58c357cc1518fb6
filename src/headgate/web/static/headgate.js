// Progressive enhancement only: every page can be read and every form can be sent without this file.
// Keys act on elements that name them in the page (data-key="a"), so no page has a script of its own.
"use strict";

const root = document.documentElement;
const keysDialog = document.getElementById("keys");
const keysOn = document.getElementById("keys-on");
const typing = "input:not([type=checkbox]), textarea, select, [contenteditable]";
let rows = allRows();
let current = Math.max(0, rows.findIndex((row) => row.getAttribute("aria-selected") === "true"));

function allRows() {
  return [...document.querySelectorAll("tr[data-row], li[data-row]")];
}

/* live.js put fresh rows in: the keys act on these, from the same place on. */
document.addEventListener("headgate:read", () => { rows = allRows(); current = Math.min(current, Math.max(0, rows.length - 1)); });

function remember(name, value) {
  try { localStorage.setItem(name, value); } catch { /* private window: the choice lasts for this page */ }
}

/* The server writes the theme into the page, so that nothing flashes. */
function rememberTheme(name) {
  document.cookie = `theme=${name}; path=/; max-age=31536000; samesite=lax`;
}

function recall(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

/* Theme: the system's, unless the person chose. The server sends the choice in <html data-theme>. */
const theme = document.querySelector("[data-theme-switch]");
function showTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  if (theme) { theme.hidden = false; theme.textContent = dark ? "Light" : "Dark"; theme.dataset.next = dark ? "light" : "dark"; }
}
theme?.addEventListener("click", () => {
  root.dataset.theme = theme.dataset.next;
  rememberTheme(root.dataset.theme);
  showTheme();
});
showTheme();

/* Single keys can be switched off (WCAG 2.1.4) and never fire while somebody types. */
if (keysOn) {
  keysOn.checked = recall("keys") !== "off";
  keysOn.addEventListener("change", () => remember("keys", keysOn.checked ? "on" : "off"));
}

function move(step) {
  if (!rows.length) return;
  rows[current].setAttribute("aria-selected", "false");
  rows[current].tabIndex = -1;
  current = Math.min(rows.length - 1, Math.max(0, current + step));
  rows[current].setAttribute("aria-selected", "true");
  rows[current].tabIndex = 0;
  rows[current].focus({ preventScroll: true });
  rows[current].scrollIntoView({ block: "nearest" });
}

function press(key) {
  const target = rows[current]?.querySelector(`[data-key="${key}"]`) ?? document.querySelector(`[data-key="${key}"]`);
  if (!target) return false;
  target.focus();
  if (target.matches("a, [type=checkbox], [data-key=u]")) target.click(); // a decision is only focused: Enter confirms it
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(typing)) return;
  if (event.key === "?") { event.preventDefault(); keysDialog?.open ? keysDialog.close() : keysDialog?.showModal(); return; }
  if (keysDialog?.open || (keysOn && !keysOn.checked)) return;
  if ("jk".includes(event.key) && rows.length) { event.preventDefault(); move(event.key === "j" ? 1 : -1); return; }
  if ("jkxearu".includes(event.key) && press(event.key)) event.preventDefault();
});

/* The drop zone only shows where to let go; the uploader itself is tus-js-client. */
const drop = document.querySelector(".drop");
for (const name of ["dragover", "dragleave", "drop"]) {
  drop?.addEventListener(name, (event) => { event.preventDefault(); drop.classList.toggle("over", name === "dragover"); });
}

/* What a session showed does not outlive it: not on the screen, not in another tab, not behind the back button.
   The page is emptied first: the server may not answer. */
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("headgate") : null;
const sessionEnds = root.dataset.sessionS ? Date.now() + 1000 * (Number(root.dataset.sessionS) + 1) : null;

/* Uploads that could go on are the account's; whether single keys act is a choice that stays with the browser. */
function forget() {
  try {
    for (const name of Object.keys(localStorage)) if (name !== "keys") localStorage.removeItem(name);
  } catch { /* private window: nothing is kept */ }
}

function leave() {
  document.body.replaceChildren();
  location.reload();
}

if (sessionEnds === null) {
  if (document.querySelector("[data-signed-out]")) { tabs?.postMessage("signed out"); forget(); }
} else {
  const look = () => { if (Date.now() >= sessionEnds) leave(); };
  tabs?.addEventListener("message", leave);
  setTimeout(look, sessionEnds - Date.now());
  document.addEventListener("visibilitychange", look); // a machine that slept
  window.addEventListener("pageshow", (event) => { if (event.persisted) leave(); });
}
