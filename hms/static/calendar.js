// The doctor's calendar: a press on an empty place proposes a slot there, and a sheet can be printed.
// Without this file each day has its own "Add", and the browser's menu prints.
"use strict";

const STEP = 10; // minutes

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

const minutesAt = (column, event) => {
  const place = column.getBoundingClientRect();
  const rows = getComputedStyle(column).gridTemplateRows.split(" ").length;
  const minutes = ((event.clientY - place.top) / place.height) * rows * 5;
  return 60 * Number(column.dataset.firstHour) + STEP * Math.floor(Math.max(0, minutes) / STEP);
};
const written = (minutes) =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

for (const column of document.querySelectorAll("[data-add]")) {
  const isGrid = () => getComputedStyle(column).display === "grid";
  const ghost = document.createElement(column.tagName === "OL" ? "li" : "p");
  ghost.className = "ghost";
  ghost.setAttribute("aria-hidden", "true");
  column.addEventListener("pointermove", (event) => {
    if (event.target !== column || event.pointerType !== "mouse" || !isGrid()) return ghost.remove();
    const minutes = minutesAt(column, event);
    const row = (minutes - 60 * Number(column.dataset.firstHour)) / 5 + 1;
    ghost.className = `ghost r${row} d4`;
    ghost.textContent = `+ ${written(minutes)}`;
    if (!ghost.isConnected) column.append(ghost);
  });
  column.addEventListener("pointerleave", () => ghost.remove());
  column.addEventListener("click", (event) => {
    if (event.target !== column || !isGrid()) return;
    const address = new URL(column.dataset.add, location.href);
    address.searchParams.set("start", written(minutesAt(column, event)));
    location.assign(address);
  });
}
