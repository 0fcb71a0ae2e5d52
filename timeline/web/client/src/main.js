// The picture: puts the parts together on a page that is whole without them.

import { makeBrush, wholeOf } from "./brush.js";
import { makeGestures } from "./gestures.js";
import { listenToKeys } from "./keys.js";
import { Lanes } from "./lanes.js";
import { addressOf, cardLink, focusedEntry, islandOf, Page, shownOn } from "./page.js";
import { edtf } from "./units.js";
import { View } from "./view.js";
import { makeWords } from "./words.js";

/** @import {Island, Window} from "./types.js" */
/** @import {How} from "./view.js" */

/** After the last movement, until the page follows. */
const REST_MS = 500;

/** Until words are made, if there is no picture yet: they take as long as it does. */
const WORDLESS_MS = 400;

/** All of the page has come: the script runs as soon as there is room to draw. */
const ready = new Promise((resolve) => {
  if (document.readyState !== "loading") resolve(null);
  else document.addEventListener("DOMContentLoaded", resolve);
});

/** @param {Island} island */
const start = (island) => {
  const words = makeWords(island);
  const now = () => island.moment?.at ?? Date.now() / 1000;
  const rtl = getComputedStyle(document.body).direction === "rtl";
  const page = new Page();
  const status = byId("picture-said");
  const failure = byId("picture-failed");
  const wanted = windowOf(island);
  const view = new View(wholeOf(island.strip), wanted);
  // The lanes first: they measure their room, and the page is laid out as it came.
  const lanes = new Lanes(byId("picture-lanes"), view, island, words, now, drawn);
  const brush = makeBrush(byId("picture-overview"), view, island, words, now);
  const gestures = makeGestures(lanes.canvas, view, rtl);
  new ResizeObserver(() => gestures.follow()).observe(lanes.canvas);

  // -- what the page says ------------------------------------------------------------

  let speak = () => {};
  const spoken = new Promise((resolve) => (speak = () => resolve(null)));

  const shownWindow = () => (view.isWhole ? null : view.window);

  const tell = () => {
    const { shown, total, more } = shownOn(document);
    status.textContent = words.say(more ? "showing_more" : "showing", {
      shown: words.number(shown),
      total: words.number(total),
      window: words.window(view.window),
    });
  };

  /** @param {Lanes} lanes After drawing. */
  function drawn({ tiles, drawing }) {
    failure.hidden = !tiles.failed;
    if (!drawing?.complete || document.documentElement.dataset.picture) return;
    document.documentElement.dataset.picture = "drawn";
    performance.mark("picture-drawn");
    setTimeout(speak);
  }

  const fail = () => {
    failure.hidden = false;
    status.textContent = words.say("failed");
  };

  // -- the address, and the list that stands at it -----------------------------------

  // What stands in the address bar, and what its window alone would be: the list may
  // have been turned to another page of the same.
  let settled = location.pathname + location.search;
  let listed = addressOf(island, shownWindow());
  let resting = 0;
  let pushing = false;
  let moving = false;

  /** @param {"push" | "replace"} how @param {string} address */
  const write = (how, address) => {
    const state = { window: shownWindow() };
    if (how === "push") history.pushState(state, "", address);
    else history.replaceState(state, "", address);
  };

  const settle = async () => {
    resting = 0;
    const address = addressOf(island, shownWindow());
    const how = pushing ? "push" : "replace";
    pushing = false;
    if (address === listed) return;
    settled = listed = address;
    write(how, address);
    await ready;
    try {
      if (await page.show(address)) {
        lanes.choose(focusedEntry());
        tell();
      }
    } catch {
      fail();
    }
  };

  const stop = () => {
    clearTimeout(resting);
    resting = 0;
  };

  view.listen((phase, how) => {
    // The list need not follow, and what else it waits for is not put off.
    if (how.quiet) return void (moving &&= phase !== "ended");
    stop();
    moving = phase === "moving";
    if (moving) return;
    pushing ||= how.push === true;
    resting = setTimeout(settle, REST_MS);
  });

  addEventListener("popstate", async (event) => {
    const address = location.pathname + location.search;
    stop();
    pushing = false;
    if (address !== settled) {
      settled = address;
      /** @type {Window | null | undefined} */
      let window = event.state?.window;
      if (window !== undefined) view.go(window ?? view.limits, { quiet: true });
      const found = await page.show(address).catch(fail);
      if (!found) return;
      if (window === undefined) {
        const its = islandOf(found.document);
        window = its && windowOf(its);
        view.go(window ?? view.limits, { quiet: true });
      }
      listed = addressOf(island, shownWindow());
      tell();
    }
    const id = location.hash.slice(1);
    if (id.startsWith("e-")) cardLink(decodeURIComponent(id))?.focus();
    else lanes.choose(null);
  });

  // -- the list and the marks --------------------------------------------------------

  document.addEventListener("focusin", () => lanes.choose(focusedEntry()));
  document.addEventListener("focusout", (event) => {
    if (!event.relatedTarget) lanes.choose(null);
  });

  /** @param {string} id */
  const focusCard = (id) => {
    const link = cardLink(`e-${id}`);
    if (!link) return false;
    link.focus({ preventScroll: true });
    link.closest("li")?.scrollIntoView({ block: "center" });
    return true;
  };

  /** Another page of the same list. @param {string} address */
  const turn = async (address) => {
    const found = await page.show(address);
    if (!found) return false;
    const { pathname, search } = new URL(found.address);
    settled = pathname + search;
    write("push", settled);
    tell();
    return true;
  };

  /** @param {{id: string, url: string, at: number}} mark */
  const open = async (mark) => {
    // The list may be that of the window before.
    if (resting) {
      stop();
      await settle();
    }
    const there = cardLink(`e-${mark.id}`) !== null;
    try {
      if (!there) {
        const at = /** @type {[string, string]} */ (["at", edtf(mark.at)]);
        if (!(await turn(addressOf(island, shownWindow(), [at])))) return;
      }
    } catch {
      return location.assign(mark.url);
    }
    if (!focusCard(mark.id)) return location.assign(mark.url);
    const address = `${location.pathname}${location.search}#e-${mark.id}`;
    write("push", address);
  };

  lanes.canvas.addEventListener("click", (event) => {
    const drawn = lanes.at(event.offsetX, event.offsetY);
    const mark = drawn && lanes.markOf(drawn.id);
    if (mark) open(mark);
  });
  lanes.canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" || event.buttons) return;
    const over = lanes.at(event.offsetX, event.offsetY);
    lanes.canvas.style.cursor = over ? "pointer" : "";
    lanes.canvas.title = over?.title ?? "";
  });

  const newestFirst = !island.args.some(([name, value]) => name === "order" && value === "asc");

  /** The next event in time, or the one before. @param {1 | -1} by */
  const step = async (by) => {
    const cards = [...document.querySelectorAll('li[id^="e-"]')].map((one) =>
      one.id.slice(2),
    );
    const focused = focusedEntry();
    const along = newestFirst ? -by : by;
    const index = focused === null ? -1 : cards.indexOf(focused);
    if (index < 0) {
      focusCard(cards[along > 0 ? 0 : cards.length - 1]);
      return;
    }
    if (cards[index + along] !== undefined) {
      focusCard(cards[index + along]);
      return;
    }
    const rel = along > 0 ? "next" : "prev";
    const link = document.querySelector(`nav.pages a[rel=${rel}]`);
    if (!(link instanceof HTMLAnchorElement)) return;
    if (!(await turn(link.href).catch(fail))) return;
    const others = document.querySelectorAll('li[id^="e-"]');
    focusCard(others[along > 0 ? 0 : others.length - 1]?.id.slice(2) ?? "");
  };

  listenToKeys(view, rtl, { now, step });
  failure.querySelector("button")?.addEventListener("click", () => {
    lanes.tiles.retry();
    listed = "";
    settle();
  });

  // -- as the page came --------------------------------------------------------------

  history.replaceState({ ...history.state, window: wanted && view.window }, "");
  setTimeout(speak, lanes.isSeen ? WORDLESS_MS : 0);
  spoken.then(brush.tell);
  Promise.all([ready, spoken]).then(tell);
  if (wanted) {
    // The server drew the bars around the window; the brush moves over all of them.
    ready
      .then(() => page.read(addressOf(island, null)))
      .then(({ document: whole }) => {
        const its = islandOf(whole);
        const bars = whole.getElementById("picture-overview");
        if (its && bars) brush.replace(bars, its.strip);
      })
      .catch(() => {}); // those around the window are bars as well
  }

  // For tests: what is seen. Nothing else may use it.
  Object.assign(globalThis, {
    timelinePicture: {
      state: () => ({
        window: view.window,
        limits: view.limits,
        whole: view.isWhole,
        chosen: lanes.chosen,
        settled: !moving && !resting && !page.busy,
        ...lanes.drawing,
      }),
    },
  });
};

/** @param {string} id @returns {HTMLElement} */
const byId = (id) => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id}`);
  return found;
};

/** What the page was asked for, its open ends closed. @param {Island} island
 * @returns {Window | null} */
const windowOf = ({ window, reach, strip }) => {
  if (!window) return null;
  const whole = wholeOf(strip);
  const lo = window.lo ?? Math.min(reach[0], whole.lo);
  const hi = window.hi ?? Math.max(reach[1] + 1, whole.hi);
  return lo < hi ? { lo, hi } : null;
};

const island = islandOf(document);
if (island) start(island);
