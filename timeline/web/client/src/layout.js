// Which mark stands in which row, and which of them say their name.
//
// Along an axis of its own, in px from *origin* on in the direction of time, so that
// it holds while the picture is only moved.

import { bodyOf, LEAST_PX } from "./geometry.js";

/** @import {Body} from "./geometry.js" */
/** @import {Island, Lane, Mark, Window} from "./types.js" */
/** @import {Words} from "./words.js" */

export const ROW = 22;
export const AXIS = 32;
export const FOOT = 20;
/** Above and below the rows of a lane, together. */
export const LANE_GAP = 8;
/** Of an arrow at the end of what goes on, and of what fades in. */
export const TAIL = 24;

const GLYPH = 6;
const AIR = 8;
const LONGEST_LABEL = 300;
/** Shorter than any name with the air around it. */
const SHORTEST = 3 * AIR;
/** Labels whose width is kept. */
const MOST_LABELS = 5_000;

/**
 * @typedef {object} Placed
 * @property {Mark} mark
 * @property {Body} body
 * @property {number} lane
 * @property {number} row
 * @property {number} start Of all that is drawn but the label, in px.
 * @property {number} end
 * @property {number} from Of the body, in px.
 * @property {number} to
 * @property {boolean} crowded Others lie in its place.
 * @property {string} label Empty where there is no room for it.
 * @property {boolean} inside The label stands in the body.
 * @property {number} labelAt In px, of a label that stands behind the body.
 * @property {number} labelWidth
 */

/** @typedef {{top: number, height: number, lane: Lane}} Shelf */

/** Where the lanes lie. @param {Lane[]} lanes @returns {Shelf[]} */
export const shelvesOf = (lanes) => {
  let top = AXIS;
  return lanes.map((lane) => {
    const shelf = { top, height: lane.rows * ROW + LANE_GAP, lane };
    top += shelf.height;
    return shelf;
  });
};

/** Of the whole picture. @param {Shelf[]} shelves */
export const heightOf = (shelves) => {
  const last = shelves[shelves.length - 1];
  return last.top + last.height + FOOT;
};

/** The lane of each category. @param {Lane[]} lanes */
export const makeLaneOf = (lanes) => {
  const own = new Map(lanes.map((lane, index) => [lane.category, index]));
  const other = own.get(null) ?? lanes.length - 1;
  return (/** @type {string} */ category) => own.get(category) ?? other;
};

export class Layout {
  /** @type {Map<string, [string, number]>} */
  #labels = new Map();
  #key = "";
  /** @type {Placed[]} */
  #placed = [];
  #laneOf;
  /** @type {[number, number]} */
  #edges = [-Infinity, Infinity];

  /**
   * @param {Island} island @param {Words} words
   * @param {(text: string) => number} measure Width of a label in px.
   */
  constructor(island, words, measure) {
    this.island = island;
    this.words = words;
    this.measure = measure;
    this.#laneOf = makeLaneOf(island.lanes);
  }

  /** Fonts have come. */
  forget() {
    this.#labels.clear();
    this.#key = "";
  }

  /**
   * All *marks* in their rows, the most important first.
   * @param {Mark[]} marks @param {string} key Which marks these are.
   * @param {{origin: number, perSecond: number, now: number, rest: Window}} along
   *   *rest*: what was seen when all last stood still. Names keep within it.
   * @param {number} [most] Rows that may be used in each lane.
   */
  place(marks, key, { origin, perSecond, now, rest }, most = Infinity) {
    const minute = Math.floor(now / 60);
    const asked = [key, origin, perSecond, minute, rest.lo, rest.hi, most].join();
    if (asked === this.#key) return this.#placed;
    const px = (/** @type {number} */ second) => (second - origin) * perSecond;
    this.#edges = [px(rest.lo), px(rest.hi)];
    const isSeen = (/** @type {Mark} */ mark) =>
      (mark.lo ?? -Infinity) < rest.hi && (mark.hi ?? Infinity) >= rest.lo;
    // Who is not seen takes no room from who is.
    const sorted = [...marks].sort(
      (a, b) =>
        Number(isSeen(b)) - Number(isSeen(a)) ||
        b.importance - a.importance ||
        a.at - b.at,
    );
    /** @type {[number, number][][][]} */
    const taken = this.island.lanes.map((lane) =>
      Array.from({ length: Math.min(lane.rows, most) }, () => []),
    );
    this.#placed = sorted.map((mark) => this.#stand(mark, bodyOf(mark, now), px, taken));
    this.#key = asked;
    return this.#placed;
  }

  /**
   * @param {Mark} mark @param {Body} body @param {(second: number) => number} px
   * @param {[number, number][][][]} taken By lane and row.
   * @returns {Placed}
   */
  #stand(mark, body, px, taken) {
    let [from, to] = [px(body.from), px(body.to)];
    if (!body.started) from = to - TAIL;
    if (body.form === "ongoing") to += TAIL;
    if (to - from < LEAST_PX) {
      const point = (from + to) / 2;
      [from, to] = [point - GLYPH, point + GLYPH];
    }
    const reach = body.kept
      ? [Math.min(from, px(body.kept.from)), Math.max(to, px(body.kept.to))]
      : [from, to];
    const lane = this.#laneOf(mark.category);
    const rows = taken[lane];
    const rowFor = (/** @type {[number, number]} */ extent) =>
      rows.findIndex((one) => isFree(one, extent));
    const [start, end] = [reach[0] - AIR / 2, reach[1] + AIR / 2];
    const bare = /** @type {[number, number]} */ ([start, end]);
    // Most names are never measured: where there is no room for a short one either.
    const within = body.kept || to - from > SHORTEST + 2 * AIR + TAIL;
    const nameable =
      rowFor([start - SHORTEST, end]) >= 0 ||
      rowFor([start, end + SHORTEST]) >= 0 ||
      (within && rowFor(bare) >= 0);
    const [label, width] = nameable ? this.#labelOf(mark) : ["", 0];
    const [first, last] = this.#edges;
    // Where a day is wide its name still stands beside its glyph.
    const middle = (from + to) / 2;
    let labelAt = body.form === "glyph" ? middle + GLYPH + 4 : to + 6;
    const before = (body.form === "glyph" ? middle - GLYPH - 4 : from - 6) - width;
    const [fitsBehind, fitsBefore] = [labelAt + width <= last, before > first];
    const needed = width + 2 * AIR + TAIL;
    const seen = Math.min(to, last) - Math.max(from, first);
    // In what is seen of it; else beside it, if the name would be cut off inside.
    const inside =
      body.form !== "glyph" &&
      to - from > needed &&
      (seen > needed || !(fitsBehind || fitsBefore));
    if (!fitsBehind && fitsBefore) labelAt = before;
    const whole = /** @type {[number, number]} */ (
      inside
        ? bare
        : [Math.min(bare[0], labelAt - AIR), Math.max(bare[1], labelAt + width + AIR)]
    );
    let row = nameable ? rowFor(whole) : -1;
    const named = row >= 0;
    if (!named) row = rowFor(bare);
    const crowded = row < 0;
    if (crowded) row = emptiest(rows, bare);
    rows[row].push(named ? whole : bare);
    return {
      mark,
      body,
      lane,
      row,
      start,
      end,
      from,
      to,
      crowded,
      label: named ? label : "",
      inside,
      labelAt,
      labelWidth: width,
    };
  }

  /** @param {Mark} mark @returns {[string, number]} */
  #labelOf(mark) {
    let title = mark.title;
    if (mark.approximate) title = this.words.say("about", { title });
    const date = mark.awaited ? ` – ${mark.label}` : "";
    const told = title + date;
    const known = this.#labels.get(told);
    if (known) return known;
    while (this.measure(title) > LONGEST_LABEL) {
      const shorter = title.replace(/…$/, "").replace(/\s*\S+$/, "");
      title = `${shorter || title.slice(0, -4)}…`;
    }
    const text = title + date;
    /** @type {[string, number]} */
    const made = [text, this.measure(text)];
    if (this.#labels.size >= MOST_LABELS) this.#labels.clear();
    this.#labels.set(told, made);
    return made;
  }
}

/** @param {[number, number][]} taken @param {[number, number]} extent */
const isFree = (taken, [start, end]) =>
  taken.every(([from, to]) => to <= start || from >= end);

/**
 * The row in which least is hidden: nothing is left out but names.
 * @param {[number, number][][]} rows @param {[number, number]} extent
 */
const emptiest = (rows, [start, end]) => {
  const hidden = rows.map((row) =>
    row.reduce(
      (sum, [from, to]) => sum + Math.max(0, Math.min(to, end) - Math.max(from, start)),
      0,
    ),
  );
  return hidden.indexOf(Math.min(...hidden));
};
