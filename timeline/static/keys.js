// Keys for the list: an enhancement, every page works without it.
// Single keys can be switched off: WCAG 2.2, 2.1.4.

const dialog = document.getElementById("keys");
const shows = document.getElementById("show-keys");
const uses = document.getElementById("use-keys");
const STORED = "timeline-keys";

const stored = () => {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null; // storage may be forbidden
  }
};

const store = (value) => {
  try {
    localStorage.setItem(STORED, value);
  } catch {
    // for this page only, then
  }
};

const entries = () => [
  ...document.querySelectorAll("main .what h4 > a, main .viewlist h2 > a"),
];

const focus = (entry) => {
  entry.focus({ preventScroll: true });
  entry.scrollIntoView({ block: "nearest" });
};

const step = (by) => {
  const all = entries();
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? firstInSight(all) : at + by;
  if (all.length) focus(all[Math.min(Math.max(next, 0), all.length - 1)]);
};

const firstInSight = (all) =>
  Math.max(all.findIndex((one) => one.getBoundingClientRect().top > 0), 0);

// Not a checkbox: it takes no letters, and that of the dialog has the focus until the
// frame after it is closed.
const typing = (target) =>
  target.isContentEditable ||
  target.closest("input:not([type=checkbox]), textarea, select");

const search = () => {
  const box = document.querySelector('input[type="search"]');
  box?.focus();
  box?.select();
};

const anywhere = {
  j: () => step(1),
  k: () => step(-1),
  "/": search,
  "?": () => dialog.showModal(),
};

// Elsewhere these scroll, as everybody expects.
const onEntry = {
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  Home: () => focus(entries()[0]),
  End: () => focus(entries().at(-1)),
  Escape: () => document.activeElement.blur(),
};

const ofPage = { Escape: () => back() };

// From an entry to the list it was opened from, as it was; else to the timeline.
const back = () => {
  const link = document.querySelector(".entry > .back a");
  const { origin, pathname } = new URL(document.referrer || "about:blank");
  const fromList =
    origin === location.origin && /^\/(views\/[^/]+)?$/.test(pathname);
  if (fromList && history.length > 1) history.back();
  else location.assign(link.href);
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (dialog.open || !uses.checked || typing(event.target)) return;
  const act =
    anywhere[event.key] ??
    (entries().includes(document.activeElement) ? onEntry[event.key] : undefined) ??
    (document.querySelector(".entry > .back a") ? ofPage[event.key] : undefined);
  if (!act || (event.shiftKey && event.key !== "?" && event.key !== "/")) return;
  event.preventDefault();
  act();
});

shows.hidden = false;
shows.addEventListener("click", () => dialog.showModal());
document.getElementById("hide-keys").addEventListener("click", () => dialog.close());
uses.checked = stored() !== "off";
uses.addEventListener("change", () => store(uses.checked ? "on" : "off"));
