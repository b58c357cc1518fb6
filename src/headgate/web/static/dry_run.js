// Progressive enhancement only: a form says where its dry run is to be had (data-dry-run) and where it is shown.
// Without this file the same form has a button that loads the page with it.
"use strict";

const pauseMs = 400;

for (const form of document.querySelectorAll("form[data-dry-run]")) {
  const place = document.getElementById(form.dataset.dryRunInto);
  let timer = 0;
  let asked = 0;

  async function look() {
    const mine = ++asked;
    place.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.dataset.dryRun, {
        method: "POST",
        headers: { "X-Headgate-Part": "1" },
        body: new URLSearchParams(new FormData(form)),
      });
      const text = await answer.text();
      if (mine !== asked) return; // something was changed meanwhile
      if (answer.ok && answer.headers.get("X-Headgate-Part") === "1") {
        const key = place.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
        place.innerHTML = text;
        if (key) place.querySelector(`[data-key="${key}"]`)?.focus();
        form.querySelector("[data-dry-run-spare]")?.setAttribute("hidden", "");
      }
    } catch { /* no connection: the button of the form tells it */ }
    if (mine === asked) place.removeAttribute("aria-busy");
  }

  // What was shown does not hold for what is entered now: its buttons wait for the next answer.
  function changed(event) {
    if (event.target.closest("[data-dry-run-ignore]") || event.target.name === "reason") return;
    for (const button of place.querySelectorAll("button")) button.disabled = true;
    clearTimeout(timer);
    timer = setTimeout(look, pauseMs);
  }

  const all = document.querySelector(`[data-all][form="${form.id}"]`);
  const which = form.querySelector("[name=which]");
  for (const box of document.querySelectorAll(`[name=row][form="${form.id}"]`)) {
    box.addEventListener("change", (event) => {
      if (which?.value === "all" && !box.checked) which.value = "but";
      changed(event);
    });
  }
  all?.addEventListener("change", (event) => {
    for (const box of document.querySelectorAll(`[name=row][form="${form.id}"]`)) box.checked = all.checked;
    if (which) which.value = all.checked ? "all" : "checked";
    changed(event);
  });
  form.addEventListener("input", changed);
  form.addEventListener("reset", () => { clearTimeout(timer); timer = setTimeout(look, 0); });
  if (form.hasAttribute("data-dry-run-now")) look();
}
