"use strict";

// Light or dark: as the system is set, until the reader chooses.
const dark = document.getElementById("dark");
const theme = document.getElementById("theme");
const system = matchMedia("(prefers-color-scheme: dark)");

function remembered(value) {
  try { // a page opened from disk may have no storage
    if (value) localStorage.setItem("theme", value);
    return localStorage.getItem("theme");
  } catch { return value; }
}

function wear(name) {
  const isDark = name ? name === "dark" : system.matches;
  dark.media = name ? (isDark ? "screen" : "not all") : "screen and (prefers-color-scheme: dark)";
  theme.textContent = isDark ? "Light" : "Dark";
  theme.setAttribute("aria-label", `Switch to ${isDark ? "light" : "dark"} colours`);
  theme.dataset.next = isDark ? "light" : "dark";
}

theme.addEventListener("click", () => wear(remembered(theme.dataset.next) || theme.dataset.next));
system.addEventListener("change", () => wear(remembered()));
wear(remembered());
theme.hidden = false;

// Tables: a button in every head; numbers by size, text by alphabet, nothing last.
const alphabet = new Intl.Collator("en", { numeric: true });

function order(one, other, sign) {
  const [a, b] = [one, other].map((cell) => (cell.dataset.value === undefined ? NaN : Number(cell.dataset.value)));
  if (Number.isNaN(a) && Number.isNaN(b)) return sign * alphabet.compare(one.textContent, other.textContent);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) ? 1 : -1;
  return sign * (a - b);
}

for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    if (body.querySelector(`td:nth-child(${column + 1}).number`)) head.classList.add("number");
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const rows = [...body.rows];
      rows.sort((a, b) => order(a.cells[column], b.cells[column], ascending ? 1 : -1));
      body.append(...rows);
    });
  });
}
