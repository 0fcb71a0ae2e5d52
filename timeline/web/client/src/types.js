// What the server tells: the page's island and the tiles of /api/tiles.

/** @typedef {"day" | "month" | "year" | "decade"} Level */

/** @typedef {{lo: number, hi: number}} Window Seconds from 1970; *hi* excluded. */

/**
 * @typedef {object} Lane
 * @property {string | null} category null: all that have no lane of their own.
 * @property {number} pair Of colour and glyph; 8 marks all others.
 * @property {number} rows
 */

/**
 * @typedef {object} Strip The bars of the overview.
 * @property {Level} level
 * @property {number} step Units to a bar.
 * @property {number} origin Unit with which bar 0 begins.
 * @property {number} first
 * @property {number} last Inclusive.
 */

/**
 * @typedef {object} Island
 * @property {string} lang
 * @property {string} path Of the page.
 * @property {[string, string][]} args Of the page, without its window and place.
 * @property {string} tiles The query of the tiles that are asked for.
 * @property {{lo: number | null, hi: number | null} | null} window
 * @property {[number, number]} reach Where the first and the last entry stand.
 * @property {Strip} strip
 * @property {{at: number, words: string} | null} moment null: now.
 * @property {Lane[]} lanes
 * @property {Record<string, string>} words
 */

/** @typedef {{lo: number | null, hi: number | null, label: string}} Span */

/**
 * @typedef {object} Mark
 * @property {string} id
 * @property {string} title
 * @property {string} category
 * @property {number} importance
 * @property {string} state
 * @property {string} url
 * @property {string} label
 * @property {number} at
 * @property {number | null} lo
 * @property {number | null} hi
 * @property {"instant" | "period" | "fuzzy" | "deadline" | "ongoing"} shape
 * @property {[number, number] | null} core
 * @property {boolean} approximate
 * @property {boolean} uncertain
 * @property {number} sources
 * @property {boolean} awaited
 * @property {Span | null} window
 * @property {string | null} kept
 * @property {(Span & {at: number, kind: string}) | null} ghost
 */

/**
 * @typedef {object} Tile
 * @property {Level} level
 * @property {number} x
 * @property {number} [step] Units that are counted together; 1.
 * @property {number} start
 * @property {number} end
 * @property {number} total
 * @property {[number, string, number][]} counts
 * @property {Mark[]} marks
 */

/** @typedef {{start: number, end: number, categories: Record<string, number>}} Bar */

export {};
