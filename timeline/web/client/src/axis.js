// Where time lies on the canvas, and what is written along it.

import { utcTicks } from "d3-time";
import { secondOf } from "./units.js";

/** @import {Window} from "./types.js" */
/** @import {Words} from "./words.js" */

/** Least distance between labels, in px. */
const APART = 90;

/** @typedef {{x: number, words: string, major: boolean}} Tick */
/** @typedef {{x: number, words: string}} Head A larger unit, from *x* on. */

/**
 * From seconds to px; from right to left where the page reads so.
 * @param {Window} window @param {number} width @param {boolean} rtl
 */
export const makeScale = ({ lo, hi }, width, rtl) => {
  const perSecond = width / (hi - lo);
  return {
    lo,
    hi,
    width,
    rtl,
    perSecond,
    /** 1 where time runs rightwards, else -1. */
    forward: rtl ? -1 : 1,
    /** @param {number} second */
    x: (second) => (rtl ? hi - second : second - lo) * perSecond,
  };
};

/** @typedef {ReturnType<typeof makeScale>} Scale */

/** @typedef {"hour" | "day" | "month" | "year"} Unit */

/** What the ticks are the starts of. @param {Date[]} ticks @returns {Unit} */
const unitOfTicks = (ticks) => {
  if (ticks.some((one) => one.getTime() % 86_400_000)) return "hour";
  if (ticks.some((one) => one.getUTCDate() !== 1)) return "day";
  return ticks.some((one) => one.getUTCMonth()) ? "month" : "year";
};

/** @type {Record<Unit, Intl.DateTimeFormatOptions>} */
const SMALL = {
  hour: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  day: { day: "numeric", weekday: "short" },
  month: { month: "long" },
  year: { year: "numeric" },
};

/** @type {Record<Unit, Intl.DateTimeFormatOptions | null>} */
const LARGE = {
  hour: { day: "numeric", month: "long", year: "numeric", weekday: "long" },
  day: { month: "long", year: "numeric" },
  month: { year: "numeric" },
  year: null,
};

/** Start of the larger unit that holds *date*, and of the next.
 * @param {Unit} unit @param {Date} date @returns {[number, number]} */
const largeUnit = (unit, date) => {
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const day = date.getUTCDate();
  if (unit === "hour") return [secondOf(year, month, day), secondOf(year, month, day + 1)];
  if (unit === "day") return [secondOf(year, month), secondOf(year, month + 1)];
  return [secondOf(year, 0), secondOf(year + 1, 0)];
};

/**
 * Years before ours are counted from 1 backwards: 1000 BCE is the year -999.
 * @param {Date[]} ticks Starts of years. @returns {(date: Date) => Date}
 */
const inItsEra = ([first, second]) => {
  const every = second ? second.getUTCFullYear() - first.getUTCFullYear() : 0;
  return (date) => {
    const year = date.getUTCFullYear();
    if (every < 5 || year > 0) return date;
    return new Date(secondOf(year + 1, 0) * 1000);
  };
};

/**
 * Labels that leave each other room, and the larger units above them.
 * @param {Scale} scale @param {Words} words @returns {{ticks: Tick[], heads: Head[]}}
 */
export const makeAxis = (scale, words) => {
  let count = Math.max(Math.floor(scale.width / APART), 1);
  const bounds = /** @type {const} */ ([
    new Date(scale.lo * 1000),
    new Date(scale.hi * 1000),
  ]);
  let dates = utcTicks(...bounds, count);
  const space = () => scale.width / Math.max(dates.length, 1);
  while (count > 1 && space() < APART) dates = utcTicks(...bounds, (count -= 1));
  const unit = unitOfTicks(dates);
  if (unit === "year") dates = dates.map(inItsEra(dates));
  const early = unit === "year" && dates.some((one) => one.getUTCFullYear() <= 0);
  /** @type {Intl.DateTimeFormatOptions} */
  const small = early ? { ...SMALL.year, era: "short" } : SMALL[unit];
  /** @type {Tick[]} */
  const ticks = [];
  let taken = -Infinity;
  for (const date of dates) {
    const x = scale.x(date.getTime() / 1000);
    const along = scale.rtl ? scale.width - x : x;
    // Months do not divide into twos and sevens of days.
    if (along - taken < APART * 0.6) continue;
    taken = along;
    const second = date.getTime() / 1000;
    ticks.push({
      x,
      words: words.date(second, small),
      major: unit !== "year" && largeUnit(unit, date)[0] === second,
    });
  }
  return { ticks, heads: makeHeads(scale, words, unit) };
};

/** @param {Scale} scale @param {Words} words @param {Unit} unit @returns {Head[]} */
const makeHeads = (scale, words, unit) => {
  const large = LARGE[unit];
  if (!large) return [];
  /** @type {Head[]} */
  const heads = [];
  let second = scale.lo;
  while (second < scale.hi) {
    const [start, next] = largeUnit(unit, new Date(second * 1000));
    heads.push({ x: scale.x(start), words: words.date(start, large) });
    second = next;
  }
  return heads;
};
