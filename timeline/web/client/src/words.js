// Dates and sentences in the page's language.

import { DAY_S } from "./units.js";

/** @import {Island, Window} from "./types.js" */

/** Below this, a sentence names days. */
const MOST_DAYS = 93;
const YEAR_S = 365.25 * DAY_S;

// The first use of Intl takes a browser 25 ms, as long as it takes to draw the picture.
// What reads the same without it does without: small numbers, and years of our era.

/** From here on, thousands are set apart. */
const GROUPED = 10_000;

/** @param {Intl.DateTimeFormatOptions} options */
const isYear = ({ year, ...others }) => year === "numeric" && !Object.keys(others).length;

/** @param {number} second */
const dateOf = (second) => new Date(second * 1000);

/** @param {Island} island */
export const makeWords = (island) => {
  const lang = island.lang === "en" ? "en-GB" : island.lang;
  /** @type {Map<string, Intl.DateTimeFormat>} */
  const formats = new Map();

  /**
   * @param {Intl.DateTimeFormatOptions} options
   * @param {...number} seconds An era is named only where one is before ours.
   */
  const format = (options, ...seconds) => {
    const early = seconds.some((one) => dateOf(one).getUTCFullYear() <= 0);
    /** @type {Intl.DateTimeFormatOptions} */
    const all = { ...options, timeZone: "UTC", ...(early && { era: "short" }) };
    const key = JSON.stringify(all);
    let made = formats.get(key);
    if (!made) formats.set(key, (made = new Intl.DateTimeFormat(lang, all)));
    return made;
  };
  /** @type {Intl.NumberFormat | null} */
  let numbers = null;
  const number = (/** @type {number} */ one) => {
    if (one < GROUPED) return String(one);
    numbers ??= new Intl.NumberFormat(lang, { useGrouping: "min2" });
    return numbers.format(one);
  };
  // The pages say it so; Intl has no option for it.
  const ours = (/** @type {string} */ text) => {
    const apart = text.replace(/\d{5,}/g, (year) => number(Number(year)));
    if (lang !== "en-GB") return apart;
    return apart.replace(/\bBC\b/g, "BCE").replace(/\bAD\b/g, "CE");
  };

  return {
    /** A number with its thousands set apart. @param {number} number */
    number,
    /** @param {number} second @param {Intl.DateTimeFormatOptions} options */
    date: (second, options) => {
      const year = dateOf(second).getUTCFullYear();
      if (isYear(options) && year > 0 && year < GROUPED) return String(year);
      return ours(format(options, second).format(dateOf(second)));
    },
    /** From its first to its last day. @param {Window} window */
    window: ({ lo, hi }) => {
      const last = hi - DAY_S;
      /** @type {Intl.DateTimeFormatOptions} */
      let options = { year: "numeric" };
      if (hi - lo <= MOST_DAYS * DAY_S) {
        options = { day: "numeric", month: "long", year: "numeric" };
      } else if (hi - lo <= 20 * YEAR_S) {
        options = { month: "long", year: "numeric" };
      }
      return ours(format(options, lo, last).formatRange(dateOf(lo), dateOf(last)));
    },
    /** A sentence of the island, its {names} filled in.
     * @param {string} name @param {Record<string, string>} [values] */
    say: (name, values = {}) =>
      island.words[name].replace(/\{(\w+)\}/g, (_, one) => values[one]),
  };
};

/** @typedef {ReturnType<typeof makeWords>} Words */
