// The lanes: keeps the canvas as the window, the tiles and the sheet are.

import { makeAxis, makeScale } from "./axis.js";
import { Canvas } from "./draw.js";
import { heightOf, Layout, makeLaneOf, shelvesOf } from "./layout.js";
import { readTheme, watchRatio, watchTheme } from "./theme.js";
import { Tiles } from "./tiles.js";
import { unitOf, unitStart } from "./units.js";

/** @import {Cell, Drawn} from "./draw.js" */
/** @import {Island, Level, Mark, Tile} from "./types.js" */
/** @import {Scale} from "./axis.js" */
/** @import {View} from "./view.js" */
/** @import {Words} from "./words.js" */

/** Marks that can be told apart; more are counted. */
const MOST_MARKS = 120;
const LEAST_CELL_PX = 4;

/** Until the lanes are drawn without their tiles. */
const PATIENCE_MS = 150;

/** Around a mark, for fingers. */
const NEAR_PX = 8;

/** @typedef {{complete: boolean, level: Level, number: number, counted: boolean,
 *   ticks: string[], marks: Drawn[], cells: Cell[]}} Drawing */

export class Lanes {
  #element;
  #view;
  #island;
  #words;
  #now;
  #rtl;
  #heads;
  #shelves;
  #paper;
  #layout;
  #rest;
  /** @type {Mark[]} */
  #marks = [];
  #frame = 0;
  #width = 0;
  #changed;
  /** @type {string | null} */
  #chosen = null;
  /** @type {Drawing | null} */
  drawing = null;

  /**
   * @param {HTMLElement} element The heads of the lanes, and room for the canvas.
   * @param {View} view @param {Island} island @param {Words} words
   * @param {() => number} now @param {(lanes: Lanes) => void} changed After drawing.
   */
  constructor(element, view, island, words, now, changed) {
    this.#element = element;
    this.#view = view;
    this.#island = island;
    this.#words = words;
    this.#now = now;
    this.#changed = changed;
    this.#rtl = getComputedStyle(element).direction === "rtl";
    this.#heads = [...element.querySelectorAll(".heads > li")];
    this.canvas = document.createElement("canvas");
    const plot = element.querySelector(".plot");
    this.#width = plot?.clientWidth ?? 0;
    plot?.append(this.canvas);
    this.#shelves = shelvesOf(island.lanes);
    const glyphs = this.#heads.map(
      (head) => head.querySelector("path")?.getAttribute("d") ?? "",
    );
    this.#paper = new Canvas(this.canvas, glyphs, readTheme(element));
    this.#layout = new Layout(island, words, (text) => this.#paper.measure(text));
    this.tiles = new Tiles(island, () => this.#arrived());
    this.#rest = view.window;
    view.listen((phase) => {
      if (phase === "ended") this.#rest = view.window;
      this.redraw();
    });
    new ResizeObserver(() => this.#resized()).observe(this.canvas);
    watchTheme(() => this.#dress());
    watchRatio(() => this.redraw());
    matchMedia("print").addEventListener("change", () => this.#dress());
    document.fonts.addEventListener("loadingdone", () => {
      this.#layout.forget();
      this.redraw();
    });
    if (this.#width) this.tiles.seen(view.window);
    // An empty picture is better than none, but worse than one that comes at once.
    setTimeout(() => this.drawing ?? this.redraw(), PATIENCE_MS);
  }

  /** Whether there is room for them, as there is not on a phone. */
  get isSeen() {
    return this.#width > 0;
  }

  /** The entry that is outlined. */
  get chosen() {
    return this.#chosen;
  }

  /** Outline an entry. @param {string | null} id */
  choose(id) {
    if (this.#chosen === id) return;
    this.#chosen = id;
    this.redraw();
  }

  /** Once, with the next frame. */
  redraw() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  /** The entry drawn at a place on the canvas. @param {number} x @param {number} y */
  at(x, y) {
    const marks = this.drawing?.marks ?? [];
    const near = (/** @type {Drawn} */ one) =>
      Math.max(one.x - x, x - one.x - one.width, 0) +
      Math.max(one.y - y, y - one.y - one.height, 0);
    // Drawn last lies on top.
    return [...marks].reverse().find((one) => near(one) === 0)
      ?? marks.reduce(
        (best, one) =>
          near(one) < NEAR_PX && (!best || near(one) < near(best)) ? one : best,
        /** @type {Drawn | undefined} */ (undefined),
      );
  }

  /** @param {string} id */
  markOf(id) {
    return this.#marks.find((one) => one.id === id);
  }

  #arrived() {
    if (this.drawing || this.tiles.failed) return this.redraw();
    // The first picture does not wait for what else the page has to lay out.
    if (this.#width && this.tiles.seen(this.#view.window).complete) this.#draw();
  }

  #resized() {
    const width = this.canvas.clientWidth;
    if (width === this.#width) return;
    this.#width = width;
    this.redraw();
  }

  #dress() {
    this.#paper.wear(readTheme(this.#element));
    this.redraw();
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const width = this.#width;
    // On a phone there are no lanes: nothing is asked for.
    if (!width) return;
    const { window } = this.#view;
    const height = heightOf(this.#shelves);
    this.#paper.fit(width, height);
    const scale = makeScale(window, width, this.#rtl);
    const { tiles, level, complete, rough, marks } = this.tiles.seen(window);
    this.#marks = marks;
    const now = this.#now();
    const origin = this.#view.limits.lo;
    const key = marks.map((mark) => mark.id).join();
    const along = { origin, perSecond: scale.perSecond, now, rest: this.#rest };
    const counts = countsOf(tiles, window, level, this.#island);
    const seen = marks.filter(
      (mark) => (mark.lo ?? -Infinity) < window.hi && (mark.hi ?? Infinity) >= window.lo,
    );
    const number = Math.max(counts.total, complete ? seen.length : 0);
    const counted = rough || number > MOST_MARKS;
    let placed = this.#layout.place(marks, key, along, counted ? 1 : undefined);
    if (counted) placed = placed.filter((one) => one.label);
    const cells = counted ? cellsOf(tiles, level, scale, this.#island) : [];
    const axis = makeAxis(scale, this.#words);
    const drawn = this.#paper.draw({
      scale,
      height,
      shelves: this.#shelves,
      axis,
      placed,
      origin: (origin - window.lo) * scale.perSecond,
      cells,
      now,
      nowWords: this.#island.moment?.words ?? this.#words.say("today"),
      chosen: this.#chosen,
    });
    const ticks = axis.ticks.map((tick) => tick.words);
    this.drawing = { complete, level, number, counted, ticks, marks: drawn, cells };
    this.#head(counts.byLane, drawn);
    this.#changed(this);
  }

  /**
   * How many entries stand in each lane, and how many have no name there.
   * @param {number[]} byLane @param {Drawn[]} drawn
   */
  #head(byLane, drawn) {
    this.#heads.forEach((head, lane) => {
      const marks = drawn.filter((one) => one.lane === lane);
      const named = marks.filter((one) => one.label).length;
      const number = Math.max(byLane[lane], marks.length);
      const count = this.#words.number(number);
      const rest = number - named;
      const told = rest > 0 ? `${count} · +${this.#words.number(rest)}` : count;
      const place = head.querySelector(".n");
      if (!(place instanceof HTMLElement) || place.textContent === told) return;
      place.textContent = told;
      place.title = this.#words.say(rest > 0 ? "nameless" : "named", {
        number: count,
        rest: this.#words.number(rest),
      });
    });
  }
}

/**
 * @param {Tile[]} tiles @param {{lo: number, hi: number}} window @param {Level} level
 * @param {Island} island
 */
const countsOf = (tiles, window, level, island) => {
  const laneOf = makeLaneOf(island.lanes);
  const [first, last] = [unitOf(level, window.lo), unitOf(level, window.hi - 1)];
  const byLane = island.lanes.map(() => 0);
  let total = 0;
  for (const tile of tiles) {
    for (const [unit, category, number] of tile.counts) {
      if (unit < first || unit > last) continue;
      total += number;
      byLane[laneOf(category)] += number;
    }
  }
  return { total, byLane };
};

/**
 * How many entries stand in each unit, units put together where they would be thin.
 * @param {Tile[]} tiles @param {Level} level @param {Scale} scale
 * @param {Island} island @returns {Cell[]}
 */
const cellsOf = (tiles, level, scale, island) => {
  const laneOf = makeLaneOf(island.lanes);
  const [first] = tiles.flatMap((tile) => tile.counts[0]?.[0] ?? []);
  if (first === undefined) return [];
  const together = Math.max(...tiles.map((tile) => tile.step ?? 1));
  const unitPx = (unitStart(level, first + 1) - unitStart(level, first)) * scale.perSecond;
  // Whole bars where those were counted.
  const step = Math.max(Math.ceil(LEAST_CELL_PX / unitPx / together), 1) * together;
  const shift = together > 1 ? first % together : 0;
  /** @type {Map<string, Cell>} */
  const cells = new Map();
  for (const tile of tiles) {
    for (const [unit, category, number] of tile.counts) {
      const [lane, bar] = [laneOf(category), Math.floor((unit - shift) / step)];
      const key = `${lane}/${bar}`;
      const cell = cells.get(key);
      if (cell) cell.number += number;
      else {
        const from = scale.x(unitStart(level, bar * step + shift));
        const to = scale.x(unitStart(level, (bar + 1) * step + shift));
        if (Math.max(from, to) < 0 || Math.min(from, to) > scale.width) continue;
        cells.set(key, { from, to, lane, number });
      }
    }
  }
  return [...cells.values()];
};
