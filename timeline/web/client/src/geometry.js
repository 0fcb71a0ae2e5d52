// From when to when a mark reaches, and as what it is drawn.

/** @import {Mark} from "./types.js" */

/**
 * @typedef {"glyph" | "bar" | "box" | "fuzzy" | "window" | "ongoing"} Form
 *   glyph: a point; bar: lasted so long; box: somewhere in here; fuzzy: fades where
 *   start or end are vague; window: promised for any time in it; ongoing: no end.
 */

/**
 * @typedef {object} Body
 * @property {Form} form
 * @property {number} from Second; where it has no start, its end.
 * @property {number} to Second behind it.
 * @property {boolean} started Else it fades in.
 * @property {boolean} dashed Approximate, uncertain, or on one source's word alone.
 * @property {boolean} hollow
 * @property {boolean} struck
 * @property {boolean} overdue
 * @property {{from: number, to: number} | null} kept The window that was promised.
 */

/** Narrower, a body is drawn as a glyph. */
export const LEAST_PX = 10;

/** @param {Mark} mark @returns {Form} */
const formOf = (mark) => {
  if (mark.shape === "deadline") return "window";
  if (mark.shape === "ongoing" || mark.shape === "fuzzy") return mark.shape;
  if (mark.shape === "instant") return "glyph";
  if (mark.awaited) return "window";
  return mark.core || mark.lo === null ? "bar" : "box";
};

/** @param {Mark} mark @param {number} now Second at which the picture stands. */
export const bodyOf = (mark, now) => {
  const to = mark.hi === null ? Math.max(now, mark.lo ?? mark.at) : mark.hi + 1;
  const from = mark.lo ?? to;
  const hollow =
    mark.awaited || ["retracted", "cancelled", "upcoming"].includes(mark.state);
  /** @type {Body} */
  const body = {
    form: formOf(mark),
    from,
    to,
    started: mark.lo !== null,
    dashed: mark.approximate || mark.uncertain || mark.sources < 2,
    hollow,
    struck: mark.state === "retracted",
    overdue: mark.state === "overdue",
    kept: null,
  };
  const { window } = mark;
  if (window && !mark.awaited && window.hi !== null && body.form !== "window") {
    body.kept = { from: window.lo ?? window.hi, to: window.hi + 1 };
  }
  return body;
};
