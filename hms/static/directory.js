// The filters of the directory. Without this file they are sent with their button.
"use strict";

const isWide = matchMedia("(min-width: 60.01rem)");
const sheet = () => document.getElementById("filters");
const close = () => { const open = sheet(); open.open = false; open.querySelector("summary").focus(); };

// Beside the list each choice counts at once; in the sheet of a phone there is a button. A date and a choice of days exclude each other.
document.addEventListener("change", ({ target }) => {
  const form = target.closest?.("#filter-form");
  if (!form || target.name === "q") return;
  if (target.name === "date" && target.value) form.elements.within[0].checked = true;
  if (target.name === "within") form.elements.date.value = "";
  if (isWide.matches) form.requestSubmit();
});

// What is empty does not have to be in the address.
document.addEventListener("submit", ({ target }) => {
  if (target.id !== "filter-form") return;
  const empty = [...target.elements].filter((one) => one.name && !one.value);
  for (const one of empty) one.disabled = true;
  setTimeout(() => { for (const one of empty) one.disabled = false; });
}, true);

document.addEventListener("keydown", (event) => { if (event.key === "Escape" && sheet()?.open && !isWide.matches) close(); });
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#filters [data-close]")) { event.preventDefault(); close(); }
});
document.addEventListener("toggle", ({ target }) => {
  if (target.id === "filters" && target.open && !isWide.matches) target.querySelector("[data-close]").focus();
}, true);
