// Calendar units of one level, numbered from 1970: the same as events/dates/units.py.
// Proleptic Gregorian, as Date is; year 0 is 1 BCE.

/** @import {Level, Window} from "./types.js" */

export const DAY_S = 86_400;

/** Units in a tile. */
export const TILE_UNITS = 64;

/** From the finest to the coarsest. @type {Level[]} */
export const LEVELS = ["day", "month", "year", "decade"];

/** Years that Date can tell, with room to add to them. */
export const MOST_YEARS = 270_000;

/**
 * First second of a day.
 * @param {number} year @param {number} month From 0; any number. @param {number} [day]
 */
export const secondOf = (year, month, day = 1) => {
  // Date.UTC takes the years 0 to 99 for those after 1900.
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date.getTime() / 1000;
};

/** @param {Level} level @param {number} second */
export const unitOf = (level, second) => {
  if (level === "day") return Math.floor(second / DAY_S);
  const date = new Date(second * 1000);
  const year = date.getUTCFullYear();
  if (level === "month") return (year - 1970) * 12 + date.getUTCMonth();
  return level === "year" ? year - 1970 : Math.floor(year / 10) - 197;
};

/** First second of a unit. @param {Level} level @param {number} unit */
export const unitStart = (level, unit) => {
  if (level === "day") return unit * DAY_S;
  if (level === "month") return secondOf(1970, unit);
  return secondOf(1970 + (level === "year" ? unit : unit * 10), 0);
};

/**
 * A day as an address says it; the year alone where EDTF has no shorter date.
 * @param {number} second
 */
export const edtf = (second) => {
  const date = new Date(second * 1000);
  const year = date.getUTCFullYear();
  if (year >= 0 && year <= 9_999) return date.toISOString().slice(0, 10);
  if (Math.abs(year) > 9_999) return `Y${year}`;
  return `-${String(-year).padStart(4, "0")}`;
};

/**
 * The least window of whole days, or years, that holds *window*.
 * @param {Window} window @returns {Window}
 */
export const rounded = ({ lo, hi }) => {
  const outward = (/** @type {number} */ second, /** @type {0 | 1} */ up) => {
    const year = new Date(second * 1000).getUTCFullYear();
    const level = year >= 0 && year <= 9_999 ? "day" : "year";
    const unit = unitOf(level, second);
    const whole = unitStart(level, unit) === second;
    return unitStart(level, unit + (up && !whole ? 1 : 0));
  };
  return { lo: outward(lo, 0), hi: outward(hi, 1) };
};
