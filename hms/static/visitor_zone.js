// Online visits are joined from anywhere: beside the clinic's time, what the visitor's own clock shows then.
"use strict";

const minutesAhead = (at, timeZone) => {
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-GB", {
    timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric",
  }).formatToParts(at).map(({ type, value }) => [type, value]));
  const wall = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute);
  return Math.round((wall - Math.floor(at / 60000) * 60000) / 60000);
};

const tell = () => {
  const line = document.getElementById("visitor-zone");
  if (!line || !line.hidden) return;
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone, at = new Date(line.dataset.at);
  const ahead = minutesAhead(at, own) - minutesAhead(at, line.dataset.zone);
  if (!own || !ahead) return;
  const wall = (timeZone) => new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" }).format(at);
  const city = own.split("/").pop().replaceAll("_", " ");
  const hours = Math.abs(ahead) / 60, length = `${hours} ${hours === 1 ? "hour" : "hours"}`;
  line.querySelector("span").textContent = `You seem to be in another time zone (${city}). `
    + `It’s ${length} ${ahead > 0 ? "ahead of" : "behind"} ${line.dataset.name}: ${wall(line.dataset.zone)} here is ${wall(own)} for you.`;
  line.hidden = false;
};

tell();
new MutationObserver(tell).observe(document.getElementById("main"), { childList: true, subtree: true });
