// Tiles from the server: asked for as they come into sight, kept, and given up again.

import { LEVELS, TILE_UNITS, unitOf } from "./units.js";

/** @import {Island, Level, Mark, Tile, Window} from "./types.js" */

/** Tiles kept. */
const KEPT = 256;
/** Tiles that cover what is seen, where there is a level that coarse. */
const AT_ONCE = 4;
/** Beyond that, decades: asked for no more than these, from the middle outwards. */
const MOST = 24;

/**
 * The level of which few tiles cover *window*.
 * @param {Window} window @returns {{level: Level, tiles: number[]}}
 */
export const covering = (window) => {
  for (const level of LEVELS) {
    const first = Math.floor(unitOf(level, window.lo) / TILE_UNITS);
    const last = Math.floor(unitOf(level, window.hi - 1) / TILE_UNITS);
    if (last - first < AT_ONCE || level === "decade") {
      const spare = Math.max(last - first + 1 - MOST, 0);
      const from = first + Math.ceil(spare / 2);
      const length = last - first + 1 - spare;
      return { level, tiles: Array.from({ length }, (_, index) => from + index) };
    }
  }
  throw new Error("there is always a decade");
};

export class Tiles {
  /** By level and number, the one that was needed last at the end.
   * @type {Map<string, Tile>} */
  #kept = new Map();
  /** @type {Map<string, AbortController>} */
  #asked = new Map();
  #failed = false;
  #query;
  #changed;

  /** @param {Island} island @param {() => void} changed Called as tiles arrive. */
  constructor(island, changed) {
    const query = String(new URLSearchParams(island.tiles));
    this.#query = query && `?${query}`;
    this.#changed = changed;
  }

  /** Whether some tile could not be had. */
  get failed() {
    return this.#failed;
  }

  /** Ask again for what could not be had. */
  retry() {
    this.#failed = false;
    this.#changed();
  }

  /**
   * The tiles that cover *window*; what is missing is asked for.
   * @param {Window} window
   * @returns {{level: Level, tiles: Tile[], complete: boolean, marks: Mark[]}}
   *   *marks*: each once, also of coarser tiles where finer ones are still missing.
   */
  seen(window) {
    const { level, tiles: numbers } = covering(window);
    const wanted = new Set(numbers.map((x) => `${level}/${x}`));
    for (const [key, asking] of this.#asked) {
      if (!wanted.has(key)) {
        asking.abort();
        this.#asked.delete(key);
      }
    }
    const tiles = [];
    let complete = true;
    for (const key of wanted) {
      const tile = this.#kept.get(key);
      if (tile) {
        this.#kept.delete(key);
        this.#kept.set(key, tile);
        tiles.push(tile);
      } else {
        complete = false;
        if (!this.#asked.has(key) && !this.#failed) this.#ask(key);
      }
    }
    /** @type {Map<string, Mark>} */
    const marks = new Map();
    for (const tile of complete ? tiles : [...tiles, ...this.#coarser(level)]) {
      for (const mark of tile.marks) marks.set(mark.id, mark);
    }
    return { level, tiles, complete, marks: [...marks.values()] };
  }

  /** @param {Level} level */
  #coarser(level) {
    const from = LEVELS.indexOf(level);
    return [...this.#kept.values()].filter((one) => LEVELS.indexOf(one.level) > from);
  }

  /** @param {string} key */
  async #ask(key) {
    const asking = new AbortController();
    this.#asked.set(key, asking);
    try {
      const answer = await fetch(`/api/tiles/${key}${this.#query}`, {
        signal: asking.signal,
      });
      // Further than any date lies: there is nothing, and that is no failure.
      if (!answer.ok && answer.status !== 404) throw new Error(answer.statusText);
      const tile = answer.ok ? await answer.json() : emptyTile(key);
      this.#kept.set(key, tile);
      for (const oldest of this.#kept.keys()) {
        if (this.#kept.size <= KEPT) break;
        this.#kept.delete(oldest);
      }
    } catch {
      if (asking.signal.aborted) return;
      this.#failed = true;
    }
    this.#asked.delete(key);
    this.#changed();
  }
}

/** @param {string} key @returns {Tile} */
const emptyTile = (key) => {
  const [level, x] = key.split("/");
  return {
    level: /** @type {Level} */ (level),
    x: Number(x),
    start: 0,
    end: 0,
    total: 0,
    counts: [],
    marks: [],
  };
};
