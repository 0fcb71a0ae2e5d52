// Keys that move the picture, beside those of keys.js, and under the same switch.

/** @import {View} from "./view.js" */

const MOST_AROUND_TODAY_S = 366 * 86_400;

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

/** @param {EventTarget | null} target */
const isTaken = (target) =>
  target instanceof Element &&
  (target.closest("input, textarea, select, [role=slider]") !== null ||
    /** @type {HTMLElement} */ (target).isContentEditable);

/**
 * @param {View} view @param {boolean} rtl
 * @param {{now: () => number, step: (by: 1 | -1) => void}} acts
 */
export const listenToKeys = (view, rtl, { now, step }) => {
  const ahead = rtl ? -1 : 1;
  const today = () => {
    const span = Math.min(view.span, MOST_AROUND_TODAY_S);
    view.go({ lo: now() - span / 2, hi: now() + span / 2 }, { push: true, animate: true });
  };
  const fit = () => view.go(view.limits, { push: true, animate: true });
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowRight: () => step(/** @type {1 | -1} */ (ahead)),
    ArrowLeft: () => step(/** @type {1 | -1} */ (-ahead)),
    "+": () => view.zoom(2),
    "=": () => view.zoom(2),
    "-": () => view.zoom(1 / 2),
    "−": () => view.zoom(1 / 2),
    0: fit,
    t: today,
    T: today,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.defaultPrevented || isTaken(event.target)) return;
    if (byId("keys")?.open || byId("use-keys")?.checked === false) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
};
