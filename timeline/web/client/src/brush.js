// The overview as a brush: a frame over the bars, with a slider at each of its ends.

import { DAY_S, unitOf, unitStart } from "./units.js";

/** @import {Island, Strip, Window} from "./types.js" */
/** @import {View} from "./view.js" */
/** @import {Words} from "./words.js" */

const SLACK_PX = 4;
const LEAST_SHARE = 0.006;

/** @type {Intl.DateTimeFormatOptions} */
const DATE = { day: "numeric", month: "long", year: "numeric" };

/** First second of a bar. @param {Strip} strip @param {number} bar */
const barStart = (strip, bar) =>
  unitStart(strip.level, strip.origin + bar * strip.step);

/** All the bars show. @param {Strip} strip @returns {Window} */
export const wholeOf = (strip) => ({
  lo: barStart(strip, strip.first),
  hi: barStart(strip, strip.last + 1),
});

/** The bar in which a second lies. @param {Strip} strip @param {number} second */
const barOf = (strip, second) =>
  Math.floor((unitOf(strip.level, second) - strip.origin) / strip.step);

/** How far along the bars, which are of one width whatever the month's length.
 * @param {Strip} strip @param {number} second */
export const shareOf = (strip, second) => {
  const bar = barOf(strip, second);
  const [start, end] = [barStart(strip, bar), barStart(strip, bar + 1)];
  const within = (second - start) / (end - start);
  const share = (bar + within - strip.first) / (strip.last - strip.first + 1);
  return Math.min(Math.max(share, 0), 1);
};

/** @param {Strip} strip @param {number} share */
export const secondAt = (strip, share) => {
  const place = strip.first + share * (strip.last - strip.first + 1);
  const bar = Math.floor(place);
  const [start, end] = [barStart(strip, bar), barStart(strip, bar + 1)];
  return start + (place - bar) * (end - start);
};

/**
 * @param {HTMLElement} overview The figure with the bars.
 * @param {View} view @param {Island} island @param {Words} words
 * @param {() => number} now Second of the line.
 */
export const makeBrush = (overview, view, island, words, now) => {
  const rtl = getComputedStyle(overview).direction === "rtl";
  let strip = island.strip;
  const brush = element("div", "brush");
  const line = element("div", "now");
  const frame = element("div", "frame");
  const ends = [element("div", "handle start"), element("div", "handle end")];
  brush.append(line, frame, ...ends);
  ends.forEach((handle, index) => {
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-orientation", "horizontal");
    handle.setAttribute("aria-label", words.say(index ? "end" : "start"));
    handle.tabIndex = 0;
  });

  /** The bars are seen; what they lead to is done by the brush. */
  const wear = (/** @type {SVGElement} */ bars) => {
    bars.setAttribute("aria-hidden", "true");
    for (const one of bars.querySelectorAll("a, .window")) one.remove();
    for (const one of bars.querySelectorAll(".outside")) one.classList.remove("outside");
  };

  const show = () => {
    const { lo, hi } = view.window;
    let [from, to] = [shareOf(strip, lo), shareOf(strip, hi)];
    if (to - from < LEAST_SHARE) {
      from = Math.min((from + to - LEAST_SHARE) / 2, 1 - LEAST_SHARE);
      from = Math.max(from, 0);
      to = from + LEAST_SHARE;
    }
    frame.style.insetInlineStart = percent(from);
    frame.style.insetInlineEnd = percent(1 - to);
    ends[0].style.insetInlineStart = percent(from);
    ends[1].style.insetInlineStart = percent(to);
    const [first, last] = [barOf(strip, lo), barOf(strip, hi - 1)];
    ends.forEach((handle, index) => {
      const bar = Math.min(Math.max(index ? last : first, strip.first), strip.last);
      handle.setAttribute("aria-valuemin", String(strip.first));
      handle.setAttribute("aria-valuemax", String(strip.last));
      handle.setAttribute("aria-valuenow", String(bar));
    });
    const at = shareOf(strip, now());
    line.hidden = at <= 0 || at >= 1;
    line.style.insetInlineStart = percent(at);
  };

  /** In words, once it stands still. */
  const tell = () => {
    const { lo, hi } = view.window;
    ends.forEach((handle, index) => {
      handle.setAttribute("aria-valuetext", words.date(index ? hi - DAY_S : lo, DATE));
    });
  };

  /** By bars. @param {number} end 0 or 1. @param {number} bar */
  const put = (end, bar) => {
    const { lo, hi } = view.window;
    const place = Math.min(Math.max(bar, strip.first), strip.last);
    if (end === 0) {
      const start = barStart(strip, Math.min(place, barOf(strip, hi - 1)));
      view.go({ lo: start, hi }, { push: true });
    } else {
      const stop = barStart(strip, Math.max(place, barOf(strip, lo)) + 1);
      view.go({ lo, hi: stop }, { push: true });
    }
  };

  ends.forEach((handle, index) => {
    handle.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const value = Number(handle.getAttribute("aria-valuenow"));
      const ahead = rtl ? -1 : 1;
      /** @type {Record<string, number>} */
      const places = {
        ArrowRight: value + ahead,
        ArrowLeft: value - ahead,
        ArrowUp: value + 1,
        ArrowDown: value - 1,
        PageUp: value + 10,
        PageDown: value - 10,
        Home: strip.first,
        End: strip.last,
      };
      if (!(event.key in places)) return;
      event.preventDefault();
      event.stopPropagation();
      put(index, places[event.key]);
    });
  });

  const shareUnder = (/** @type {PointerEvent} */ event) => {
    const box = brush.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.min(Math.max(rtl ? 1 - share : share, 0), 1);
  };

  /** @type {{id: number, x: number, share: number, grip: string, moved: boolean,
   *   before: Window} | null} */
  let hand = null;
  brush.addEventListener("pointerdown", (event) => {
    if (event.button || hand) return;
    const target = /** @type {Element} */ (event.target);
    const index = ends.findIndex((handle) => handle === target);
    let grip = index < 0 ? "new" : ["start", "end"][index];
    if (target === frame && !view.isWhole) grip = "move";
    const share = shareUnder(event);
    const before = view.window;
    hand = { id: event.pointerId, x: event.clientX, share, grip, moved: false, before };
    brush.setPointerCapture(event.pointerId);
  });
  brush.addEventListener("pointermove", (event) => {
    if (hand?.id !== event.pointerId) return;
    if (!hand.moved && Math.abs(event.clientX - hand.x) < SLACK_PX) return;
    hand.moved = true;
    const share = shareUnder(event);
    const at = (/** @type {number} */ one) =>
      secondAt(strip, Math.min(Math.max(one, 0), 1));
    const { lo, hi } = hand.before;
    if (hand.grip === "move") {
      const [from, to] = [shareOf(strip, lo), shareOf(strip, hi)];
      const by = Math.min(Math.max(share - hand.share, -from), 1 - to);
      view.move({ lo: at(from + by), hi: at(to + by) });
    } else {
      const kept = { start: hi, end: lo, new: at(hand.share) }[hand.grip] ?? lo;
      const other = at(share);
      view.move({ lo: Math.min(kept, other), hi: Math.max(kept, other) });
    }
  });
  brush.addEventListener("pointerup", (event) => {
    if (hand?.id !== event.pointerId) return;
    const { moved, share, grip } = hand;
    hand = null;
    if (moved) return view.end({ push: true });
    if (grip === "start" || grip === "end") return;
    const bar = barOf(strip, secondAt(strip, Math.min(share, 1 - 1e-9)));
    view.go(
      { lo: barStart(strip, bar), hi: barStart(strip, bar + 1) },
      { push: true, animate: true },
    );
  });
  // The finger scrolls the page after all.
  brush.addEventListener("pointercancel", (event) => {
    if (hand?.id !== event.pointerId) return;
    if (hand.moved) view.move(hand.before);
    hand = null;
  });
  brush.addEventListener("dblclick", () =>
    view.go(view.limits, { push: true, animate: true }),
  );

  const bars = overview.querySelector("svg");
  if (bars) {
    wear(bars);
    const around = element("div", "bars");
    bars.replaceWith(around);
    around.append(bars, brush);
  }
  overview.querySelector(".skip")?.remove();
  view.listen((phase) => (phase === "ended" ? tell() : show()));
  show();
  return {
    tell,
    /** Other bars: of everything, where the page came with those of a window.
     * @param {Element} other The figure. @param {Strip} its */
    replace(other, its) {
      const bars = other.querySelector("svg");
      if (!bars) return;
      strip = its;
      wear(bars);
      brush.parentElement?.querySelector("svg")?.replaceWith(bars);
      overview.querySelector("figcaption")?.replaceWith(
        ...other.querySelectorAll("figcaption"),
      );
      view.widen(wholeOf(strip));
      show();
      tell();
    },
  };
};

/** @param {string} name @param {string} classes @returns {HTMLElement} */
const element = (name, classes) => {
  const made = document.createElement(name);
  made.className = classes;
  return made;
};

/** @param {number} share */
const percent = (share) => `${share * 100}%`;
