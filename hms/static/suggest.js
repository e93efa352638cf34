// Suggestions below the search of the landing page. Without this file the form opens the list of doctors.
"use strict";

const field = document.querySelector("[data-suggest]");
const list = document.getElementById("suggest");
const links = () => [...list.querySelectorAll("a")];
const show = (html) => { list.innerHTML = html; list.hidden = !html; };
let waiting, asked = 0;

const ask = async () => {
  const words = field.value.trim(), mine = ++asked;
  if (words.length < 2) return show("");
  const answer = await fetch(`${field.dataset.suggest}?q=${encodeURIComponent(words)}`).catch(() => null);
  if (mine === asked && answer?.ok) show(await answer.text());
};

field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 200); });

// Up and down walk through the field and what is suggested; Escape goes back to the field.
field.form.addEventListener("keydown", (event) => {
  if (list.hidden) return;
  if (event.key === "Escape") { show(""); field.focus(); return; }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const places = [field, ...links()], here = places.indexOf(document.activeElement);
  if (here < 0) return;
  event.preventDefault();
  places[(here + step + places.length) % places.length].focus();
});
document.addEventListener("click", (event) => { if (!field.form.contains(event.target)) show(""); });
field.form.addEventListener("focusout", (event) => {
  if (event.relatedTarget && !field.form.contains(event.relatedTarget)) show("");
});
