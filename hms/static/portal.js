// Small comforts. Every page works without this file.
"use strict";

// What went wrong is read first.
document.getElementById("problem")?.focus();

// Menus are details elements: close them on a click elsewhere and on Escape.
const openMenus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
});

// A menu that opens low on the screen is brought above the tab bar.
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("details.menu[open]")) event.target.querySelector(".menu-pop")?.scrollIntoView({ block: "nearest" });
}, true);

// One press sends a form once. The button is disabled after its name and value have been taken, and comes back with the page.
const sent = new Set();
const release = () => { for (const button of sent) button.disabled = false; sent.clear(); };
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target.method !== "post" || !button) return;
  setTimeout(() => { if (!event.defaultPrevented) { button.disabled = true; sent.add(button); } });
  setTimeout(release, 10000);
});
addEventListener("pageshow", release);

// A password can be shown while it is typed.
for (const button of document.querySelectorAll("button[data-show]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const input = document.getElementById(button.dataset.show);
    input.type = input.type === "password" ? "text" : "password";
    button.setAttribute("aria-pressed", String(input.type === "text"));
  });
}
