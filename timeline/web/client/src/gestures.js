// Wheel, drag and pinch on the canvas. The page keeps its own: a plain wheel and a
// finger that moves up or down scroll it.

import { select } from "d3-selection";
import { zoom, zoomIdentity } from "d3-zoom";
import { DAY_S } from "./units.js";

/** @import {View} from "./view.js" */
/** @import {Window} from "./types.js" */

/** Finger or mouse: less is a tap. */
const SLACK_PX = 4;

/** Lines and pages of a wheel that does not tell px. */
const LINE_PX = 16;

/**
 * @param {HTMLCanvasElement} canvas @param {View} view @param {boolean} rtl
 */
export const makeGestures = (canvas, view, rtl) => {
  const selection = select(canvas);
  const width = () => canvas.clientWidth || 1;
  const most = () => view.limits.hi - view.limits.lo;
  // d3 moves a strip as wide as the canvas, on which all there is to see lies.
  const secondsIn = (/** @type {number} */ px) => (px / width()) * most();

  /** @param {{k: number, invertX(x: number): number}} transform @returns {Window} */
  const windowOf = (transform) => {
    const [left, right] = [transform.invertX(0), transform.invertX(width())];
    const [from, to] = rtl ? [width() - right, width() - left] : [left, right];
    return { lo: view.limits.lo + secondsIn(from), hi: view.limits.lo + secondsIn(to) };
  };

  // A click begins and ends as a drag does, and may tremble in between.
  let start = { x: 0, y: 0 };
  let moved = false;

  /** @type {import("d3-zoom").ZoomBehavior<HTMLCanvasElement, unknown>} */
  const behaviour = zoom();
  behaviour
    .filter((event) => {
      if (event.type === "wheel") return event.ctrlKey || event.metaKey;
      // One finger: below. d3 would keep the page from being scrolled.
      if (event.type.startsWith("touch")) return event.touches.length > 1;
      return !event.ctrlKey && !event.button;
    })
    .wheelDelta((event) => {
      const step = -event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.002);
      // A pinch on a touchpad comes as a wheel with ctrl, in small steps.
      return Math.abs(event.deltaY) < 50 && !event.deltaMode ? step * 5 : step;
    })
    .clickDistance(SLACK_PX)
    .on("start", ({ sourceEvent: { clientX: x, clientY: y } }) => {
      start = { x, y };
      moved = false;
    })
    .on("zoom", ({ sourceEvent: { type, clientX: x, clientY: y }, transform }) => {
      moved ||= type !== "mousemove" || Math.hypot(x - start.x, y - start.y) > SLACK_PX;
      if (moved) view.move(windowOf(transform));
    })
    .on("end", () => (moved ? view.end() : follow()));

  const follow = () => {
    const { lo, hi } = view.window;
    const k = most() / (hi - lo);
    const before = ((lo - view.limits.lo) / most()) * width() * k;
    const x = rtl ? width() - k * width() + before : -before;
    behaviour
      .extent([[0, 0], [width(), 1]])
      .translateExtent([[0, -Infinity], [width(), Infinity]])
      .scaleExtent([1, Math.max(most() / DAY_S, 1)]);
    // Not by `behaviour.transform`: that would tell us what we just said.
    selection.property("__zoom", zoomIdentity.translate(x, 0).scale(k));
  };
  view.listen(follow);
  follow();
  selection.call(behaviour).on("dblclick.zoom", null);

  const pan = (/** @type {number} */ px) => {
    const seconds = (px / width()) * view.span * (rtl ? -1 : 1);
    view.move({ lo: view.window.lo + seconds, hi: view.window.hi + seconds });
  };

  let ending = 0;
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (event.ctrlKey || event.metaKey) {
        // Also where d3 can go no closer: else the browser would enlarge the page.
        event.preventDefault();
        return;
      }
      const unit = event.deltaMode ? LINE_PX : 1;
      const across = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
      if (Math.abs(across) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
      event.preventDefault();
      pan(across * unit);
      clearTimeout(ending);
      ending = setTimeout(() => view.end(), 150);
    },
    { passive: false },
  );

  /** @type {{id: number, x: number, moved: boolean} | null} */
  let finger = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    const first = event.isPrimary && !finger;
    finger = first ? { id: event.pointerId, x: event.clientX, moved: false } : null;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (finger?.id !== event.pointerId) return;
    if (!finger.moved && Math.abs(event.clientX - finger.x) < SLACK_PX) return;
    finger.moved = true;
    pan(finger.x - event.clientX);
    finger.x = event.clientX;
  });
  for (const type of /** @type {const} */ (["pointerup", "pointercancel"])) {
    canvas.addEventListener(type, (event) => {
      if (finger?.id !== event.pointerId) return;
      if (finger.moved) view.end();
      finger = null;
    });
  }
  return { follow };
};
