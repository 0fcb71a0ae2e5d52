// What is seen: one window of time that everything else follows.

import { DAY_S, MOST_YEARS, rounded, secondOf } from "./units.js";

/** @import {Window} from "./types.js" */

const MOTION_MS = 180;

/** Of the whole, left free on both sides. */
const MARGIN = 0.03;

/** @typedef {"moving" | "ended"} Phase */
/** @typedef {{push?: boolean, animate?: boolean, quiet?: boolean}} How */

const rest = matchMedia("(prefers-reduced-motion: reduce)");

/** Ease out. @param {number} share */
const eased = (share) => 1 - (1 - share) ** 3;

export class View {
  /** @type {((phase: Phase, how: How) => void)[]} */
  #listeners = [];
  #frame = 0;
  /** @type {Window} */
  #window;
  /** @type {Window} */
  #limits;

  /** @param {Window} whole All there is to see. @param {Window | null} window */
  constructor(whole, window) {
    this.#limits = hull(around(whole), window);
    this.#window = this.clamped(window ?? this.#limits);
  }

  get window() {
    return this.#window;
  }

  /** As far as one can go. */
  get limits() {
    return this.#limits;
  }

  get span() {
    return this.#window.hi - this.#window.lo;
  }

  /** Whether everything is seen, so that no address need say what is. */
  get isWhole() {
    const { lo, hi } = this.#limits;
    return this.#window.lo <= lo && this.#window.hi >= hi;
  }

  /** @param {(phase: Phase, how: How) => void} listener */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** There is more, or less, to see than was thought. @param {Window} whole */
  widen(whole) {
    const wasWhole = this.isWhole;
    this.#limits = hull(around(whole), wasWhole ? null : this.#window);
    if (wasWhole) this.#window = this.#limits;
    this.#tell("moving", { quiet: true });
  }

  /** Follow a hand: nothing is announced before it ends. @param {Window} window */
  move(window) {
    cancelAnimationFrame(this.#frame);
    this.#window = this.clamped(window);
    this.#tell("moving", {});
  }

  /** The hand let go: whole days, so that the address says just what is seen. */
  end(how = /** @type {How} */ ({})) {
    this.go(this.#window, { animate: true, ...how });
  }

  /** Go there, and stay. @param {Window} wanted @param {How} [how] */
  go(wanted, how = {}) {
    cancelAnimationFrame(this.#frame);
    const whole = this.clamped(wanted);
    const { lo, hi } = this.#limits;
    const target =
      whole.lo <= lo && whole.hi >= hi ? whole : this.clamped(rounded(whole));
    const from = this.#window;
    const finish = () => {
      this.#window = target;
      this.#tell("moving", how);
      this.#tell("ended", how);
    };
    if (!how.animate || rest.matches) return finish();
    this.#tell("moving", how);
    const start = performance.now();
    const step = (/** @type {number} */ now) => {
      const share = (now - start) / MOTION_MS;
      if (share >= 1) return finish();
      const part = eased(Math.max(share, 0));
      this.#window = {
        lo: from.lo + (target.lo - from.lo) * part,
        hi: from.hi + (target.hi - from.hi) * part,
      };
      this.#tell("moving", how);
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  /** @param {number} factor Above 1: closer. @param {number} [around] Second kept. */
  zoom(factor, around = (this.#window.lo + this.#window.hi) / 2) {
    const { lo, hi } = this.#window;
    this.go(
      { lo: around - (around - lo) / factor, hi: around + (hi - around) / factor },
      { push: true, animate: true },
    );
  }

  /** The nearest window within the limits. @param {Window} window @returns {Window} */
  clamped({ lo, hi }) {
    const limits = this.#limits;
    const most = limits.hi - limits.lo;
    const span = Math.min(Math.max(hi - lo, DAY_S), most);
    const middle = (lo + hi) / 2;
    const start = Math.min(Math.max(middle - span / 2, limits.lo), limits.hi - span);
    // Sums of fractions would miss the whole by a hair.
    return span === most ? { ...limits } : { lo: start, hi: start + span };
  }

  /** @param {Phase} phase @param {How} how */
  #tell(phase, how) {
    for (const listener of this.#listeners) listener(phase, how);
  }
}

/** With a margin. @param {Window} whole @returns {Window} */
const around = ({ lo, hi }) => {
  const margin = Math.max((hi - lo) * MARGIN, DAY_S);
  return rounded({
    lo: Math.max(lo - margin, secondOf(-MOST_YEARS, 0)),
    hi: Math.min(hi + margin, secondOf(MOST_YEARS, 0)),
  });
};

/** What holds both. @param {Window} one @param {Window | null} other @returns {Window} */
const hull = (one, other) => ({
  lo: Math.min(one.lo, other?.lo ?? Infinity),
  hi: Math.max(one.hi, other?.hi ?? -Infinity),
});
