// Two minutes before a sign-in ends, the page says so. The server knows when; another tab may have gone on meanwhile.
// It is loaded as a module, because it is on pages with scripts that have names of their own.
"use strict";

const ending = document.getElementById("session-ending");
const WARN_SECONDS = 120;
let timer;

const plan = (seconds) => {
  clearTimeout(timer);
  timer = setTimeout(check, Math.max(1, seconds) * 1000);
};

const show = (state) => {
  for (const part of ending.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== state;
  if (!ending.open) ending.showModal();
  ending.querySelector(`[data-state=${state}] .btn`).focus();
};

const settle = (seconds) => {
  if (seconds <= 0) return show("over");
  if (seconds > WARN_SECONDS) {
    if (ending.open) ending.close();
    return plan(seconds - WARN_SECONDS);
  }
  show("soon");
  return plan(seconds);
};

const ask = (address, init) =>
  fetch(address, { credentials: "same-origin", cache: "no-store", ...init })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
    .then(({ seconds }) => settle(seconds))
    .catch(() => plan(30));

const check = () => ask(ending.dataset.ends);

if (ending) {
  plan(Number(ending.dataset.first));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) check(); });
  ending.addEventListener("cancel", (event) => event.preventDefault());
  ending.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    ask(ending.dataset.stay, { method: "POST", body: new FormData(event.target) });
  });
}
