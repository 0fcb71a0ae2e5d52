// Tiles from the server: asked for as they come into sight, kept, and given up again.

import { LEVELS, TILE_UNITS, unitOf } from "./units.js";

/** @import {Bar, Island, Level, Mark, Tile, Window} from "./types.js" */

/** Tiles kept. */
const KEPT = 256;
/** Tiles that cover what is seen, where there is a level that coarse. */
const AT_ONCE = 4;
/** Beyond that, decades: of so many tiles those are asked for in which there is most. */
const MOST = 24;
/** In which entries are counted where there are more tiles than that. */
const BARS = 500;

const DENSITY = "density";

/**
 * The level of which few tiles cover *window*.
 * @param {Window} window @returns {{level: Level, tiles: number[]}}
 */
export const covering = (window) => {
  for (const level of LEVELS) {
    const first = Math.floor(unitOf(level, window.lo) / TILE_UNITS);
    const last = Math.floor(unitOf(level, window.hi - 1) / TILE_UNITS);
    if (last - first < AT_ONCE || level === "decade") {
      const length = last - first + 1;
      return { level, tiles: Array.from({ length }, (_, index) => first + index) };
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
  /** Entries by bar, from the first to the last of all. @type {Tile | null} */
  #bars = null;
  #failed = false;
  #query;
  #changed;

  /** @param {Island} island @param {() => void} changed Called as tiles arrive. */
  constructor(island, changed) {
    this.#query = island.tiles && `?${island.tiles}`;
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
   * @returns {{level: Level, tiles: Tile[], complete: boolean, rough: boolean,
   *   marks: Mark[]}}
   *   *marks*: each once, also of coarser tiles where finer ones are still missing;
   *   *rough*: not all have come, nor will they. All are counted even so.
   */
  seen(window) {
    const { level, tiles: numbers } = covering(window);
    const bars = numbers.length > MOST ? this.#bars : null;
    const filled = bars ? filledOf(bars, numbers) : [];
    const some = bars ? fullest(filled, MOST).map(([x]) => x) : numbers;
    const keys = some.map((x) => `${level}/${x}`);
    // Before it is known where there is anything at all.
    const wanted = new Set(numbers.length > MOST && !bars ? [DENSITY] : keys);
    const rough = filled.length > MOST;
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
    const counted = rough ? [/** @type {Tile} */ (bars)] : tiles;
    return { level, tiles: counted, complete, rough, marks: [...marks.values()] };
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
    const { signal } = asking;
    // Where a browser's tools watch, it looks up where in the script whoever asks stands:
    // 20 ms from within the start of it all, 1 ms from here.
    await null;
    try {
      if (key === DENSITY) {
        const more = `${this.#query ? "&" : "?"}bars=${BARS}`;
        const answer = await fetch(`/api/density${this.#query}${more}`, { signal });
        if (!answer.ok) throw new Error(answer.statusText);
        this.#bars = asTile((await answer.json()).bars);
        this.#asked.delete(key);
        return this.#changed();
      }
      const answer = await fetch(`/api/tiles/${key}${this.#query}`, { signal });
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

/** @param {Bar[]} bars @returns {Tile} */
const asTile = (bars) => {
  const level = "decade";
  const units = bars.map(({ start, end }) => [unitOf(level, start), unitOf(level, end)]);
  return {
    ...emptyTile(`${level}/0`),
    step: Math.max(...units.map(([first, next]) => next - first), 1),
    counts: bars.flatMap(({ categories }, index) =>
      Object.entries(categories).map(
        ([category, number]) =>
          /** @type {[number, string, number]} */ ([units[index][0], category, number]),
      ),
    ),
  };
};

/**
 * Those of *numbers* in which there is anything, as they lie, with how much there is.
 * @param {Tile} bars @param {number[]} numbers
 */
const filledOf = ({ counts, step = 1 }, numbers) => {
  /** @type {Map<number, number>} */
  const standing = new Map();
  for (const [unit, , number] of counts) {
    const last = Math.floor((unit + step - 1) / TILE_UNITS);
    for (let x = Math.floor(unit / TILE_UNITS); x <= last; x += 1) {
      standing.set(x, (standing.get(x) ?? 0) + number);
    }
  }
  const within = (/** @type {number} */ x) =>
    x >= numbers[0] && x <= numbers[numbers.length - 1];
  return [...standing]
    .filter(([x]) => within(x))
    .sort(([one], [other]) => one - other);
};

/**
 * *most* of the tiles: the fullest of each stretch.
 * @param {[number, number][]} filled @param {number} most
 */
const fullest = (filled, most) => {
  const stretches = Math.min(filled.length, most);
  const first = (/** @type {number} */ one) =>
    Math.floor((one * filled.length) / stretches);
  return Array.from({ length: stretches }, (_, index) =>
    filled
      .slice(first(index), first(index + 1))
      .reduce((best, one) => (one[1] > best[1] ? one : best)),
  );
};

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
