// Puts a picture on the canvas: ground, axis, lanes, marks or counts, and today.

import { AXIS, FOOT, LANE_GAP, ROW, TAIL } from "./layout.js";
import { LEAST_PX } from "./geometry.js";

/** @import {Scale, Tick, Head} from "./axis.js" */
/** @import {Placed, Shelf} from "./layout.js" */
/** @import {Theme} from "./theme.js" */

const BAR = 14;
const HALO = 3;
/** Of what was promised, once it has happened. */
const FAINT = 0.3;
const BOX_FILL = 0.22;
/** What lies where others are: a thread at the foot of the row, under their names. */
const THREAD = 3;
/** Narrower, a bar would look like the glyph of another category. */
const LEAST_BAR = 24;
/** From here on a day is seen to last one. */
const WIDE_DAY = 28;
const HATCH = 7;

/** A text whose first letter is of a script from right to left. */
const RIGHT_TO_LEFT = /^\P{L}*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}]/u;

/** @typedef {{from: number, to: number, lane: number, number: number}} Cell In px. */

/**
 * @typedef {object} Picture
 * @property {Scale} scale
 * @property {number} height
 * @property {Shelf[]} shelves
 * @property {{ticks: Tick[], heads: Head[]}} axis
 * @property {Placed[]} placed
 * @property {number} origin Of the layout's px: where on the canvas it lies.
 * @property {Cell[]} cells
 * @property {number} now Second of the line.
 * @property {string} nowWords
 * @property {string | null} chosen Entry that is outlined.
 */

/** @typedef {{id: string, title: string, form: string, lane: number, row: number, label: string,
 *   x: number, y: number, width: number, height: number, kept: boolean,
 *   overdue: boolean, dashed: boolean, hollow: boolean, struck: boolean,
 *   ghost: string | null}} Drawn */

export class Canvas {
  /** @type {Theme} */
  theme;
  #context;
  /** @type {Path2D[]} */
  #glyphs;
  /** Hatches by colour. @type {Map<string, CanvasPattern>} */
  #hatches = new Map();

  /**
   * @param {HTMLCanvasElement} element @param {string[]} glyphs Paths, by lane.
   * @param {Theme} theme
   */
  constructor(element, glyphs, theme) {
    const context = element.getContext("2d");
    if (!context) throw new Error("no canvas");
    this.element = element;
    this.#context = context;
    this.#glyphs = glyphs.map((path) => new Path2D(path));
    this.theme = theme;
  }

  /** @param {Theme} theme */
  wear(theme) {
    this.theme = theme;
    this.#hatches.clear();
  }

  /** As many pixels as the screen has. @param {number} width @param {number} height */
  fit(width, height) {
    const ratio = devicePixelRatio || 1;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.element.width !== across || this.element.height !== down) {
      this.element.width = across;
      this.element.height = down;
      this.#hatches.clear();
    }
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** Width of a label. @param {string} text */
  measure(text) {
    this.#font(13);
    return this.#context.measureText(text).width;
  }

  /** @param {Picture} picture @returns {Drawn[]} What can be seen of the marks. */
  draw(picture) {
    const context = this.#context;
    const { scale, height, shelves } = picture;
    context.direction = scale.rtl ? "rtl" : "ltr";
    context.fillStyle = this.theme.ground;
    context.fillRect(0, 0, scale.width, height);
    this.#future(picture);
    this.#axis(picture);
    context.fillStyle = this.theme.line;
    for (const { top } of shelves) context.fillRect(0, top, scale.width, 1);
    context.fillRect(0, height - FOOT, scale.width, 1);
    const most = picture.cells.reduce((most, { number }) => Math.max(most, number), 1);
    for (const cell of picture.cells) this.#cell(cell, picture, most);
    const drawn = this.#marks(picture);
    this.#today(picture);
    return drawn;
  }

  /** @param {number} size @param {number} [weight] */
  #font(size, weight = 400) {
    this.#context.font = `${weight} ${size}px ${this.theme.font}`;
  }

  /** @param {Picture} picture */
  #future({ scale, height, now }) {
    const x = Math.min(Math.max(scale.x(now), 0), scale.width);
    this.#context.fillStyle = this.theme.tint;
    if (scale.rtl) this.#context.fillRect(0, 0, x, height);
    else this.#context.fillRect(x, 0, scale.width - x, height);
  }

  /** @param {Picture} picture */
  #axis({ scale, height, axis }) {
    const context = this.#context;
    const { forward } = scale;
    const along = (/** @type {number} */ x) => (scale.rtl ? scale.width - x : x);
    context.textBaseline = "alphabetic";
    context.textAlign = "start";
    for (const tick of axis.ticks) {
      const top = tick.major ? 0 : AXIS / 2;
      context.fillStyle = this.theme.line;
      context.fillRect(Math.round(tick.x), top, 1, height - top - FOOT);
      this.#font(12);
      const words = context.measureText(tick.words).width;
      if (along(tick.x) + 5 + words > scale.width) continue;
      context.fillStyle = this.theme.mute;
      context.fillText(tick.words, tick.x + 5 * forward, AXIS - 6);
    }
    // The larger unit stays at the edge while any of it is seen, and makes way for
    // the next one.
    this.#font(12, 600);
    context.fillStyle = this.theme.ink;
    axis.heads.forEach((head, index) => {
      const next = axis.heads[index + 1];
      const width = context.measureText(head.words).width;
      let place = Math.max(along(head.x), 0) + 5;
      if (next) place = Math.min(place, along(next.x) - width - 8);
      if (place + width < 0 || (next && along(next.x) - along(head.x) < width + 12)) {
        if (index) return;
      }
      context.fillText(head.words, along(place), 13);
    });
  }

  /** @param {Cell} cell @param {Picture} picture @param {number} most Of all cells. */
  #cell({ from, to, lane, number }, { shelves }, most) {
    const { top, height, lane: own } = shelves[lane];
    const room = own.rows > 1 ? height - LANE_GAP - ROW : height - LANE_GAP;
    // Square roots, as above the list: what is rare can still be seen.
    const high = Math.max(Math.sqrt(number / most) * room, 2);
    this.#context.fillStyle = this.theme.pairs[own.pair];
    const [left, right] = [Math.min(from, to), Math.max(from, to)];
    const gap = right - left > 4 ? 1 : 0;
    this.#context.fillRect(left, top + height - high - 2, right - left - gap, high);
  }

  /** @param {Picture} picture */
  #marks(picture) {
    const { scale, placed, origin, shelves } = picture;
    const along = (/** @type {number} */ x) => (scale.rtl ? scale.width - x : x);
    /** @type {Drawn[]} */
    const drawn = [];
    const y = (/** @type {Placed} */ { lane, row }) =>
      shelves[lane].top + LANE_GAP / 2 + row * ROW + ROW / 2;
    const seen = placed.filter(
      (one) => one.end + origin >= 0 && one.start + origin <= scale.width,
    );
    // What was promised, or was thought, lies under all that is.
    for (const one of seen) this.#past(one, picture, y(one));
    // The most important last, so that nothing lies on it.
    for (let index = seen.length - 1; index >= 0; index -= 1) {
      const one = seen[index];
      this.#mark(one, picture, y(one));
      const [start, end] = [one.from + origin, one.to + origin];
      drawn.push({
        id: one.mark.id,
        title: `${one.mark.title} – ${one.mark.label}`,
        form: one.body.form,
        lane: one.lane,
        row: one.row,
        label: one.label,
        x: tenths(Math.min(along(start), along(end))),
        y: y(one) - BAR / 2,
        width: tenths(Math.abs(end - start)),
        height: BAR,
        kept: one.body.kept !== null,
        overdue: one.body.overdue,
        dashed: one.body.dashed,
        hollow: one.body.hollow,
        struck: one.body.struck,
        ghost: one.mark.ghost?.kind ?? null,
      });
    }
    // Names last: bars of others may lie under them, their halo keeps them legible.
    for (const one of seen) if (one.label) this.#label(one, picture, y(one));
    for (const one of seen) if (isThread(one)) this.#thread(one, picture, y(one));
    return drawn;
  }

  /** @param {Placed} one @param {Picture} picture @param {number} y */
  #past(one, { scale, origin, shelves }, y) {
    const { body, mark } = one;
    const colour = this.theme.pairs[shelves[one.lane].lane.pair];
    if (mark.ghost?.kind === "corrected") {
      const middle = (one.from + one.to) / 2 + origin;
      const x = scale.rtl ? scale.width - middle : middle;
      this.#ghost(one, scale.x, y, colour, this.#glyphs[one.lane], x);
    }
    if (!body.kept) return;
    const context = this.#context;
    context.save();
    context.globalAlpha = FAINT;
    const [opened, closed] = [scale.x(body.kept.from), scale.x(body.kept.to)];
    this.#hatch(opened, closed, y - BAR / 2, colour, 1);
    this.#wall(closed, y, colour, scale.forward);
    context.restore();
  }

  /** @param {Placed} one @param {Picture} picture @param {number} y */
  #mark(one, picture, y) {
    const { scale, origin, shelves, chosen } = picture;
    const { body, mark } = one;
    const context = this.#context;
    const along = (/** @type {number} */ x) =>
      scale.rtl ? scale.width - x - origin : x + origin;
    const px = (/** @type {number} */ second) => scale.x(second);
    const colour = this.theme.pairs[shelves[one.lane].lane.pair];
    const glyph = this.#glyphs[one.lane];
    const [start, end] = [along(one.from), along(one.to)];
    const middle = (start + end) / 2;
    const narrow = isNarrow(one);
    const from = Math.min(start, end);
    const width = Math.abs(end - start);
    const top = y - BAR / 2;
    context.lineWidth = 1.5;
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.setLineDash(body.dashed ? [3, 2] : []);
    if (narrow && body.form !== "glyph") {
      this.#glyph(glyph, middle, y, colour, body.hollow, body.dashed);
    } else if (isThread(one)) {
      // Over the names, later.
    } else if (body.form === "glyph") {
      if (width > WIDE_DAY) this.#box(from, width, top, colour);
      this.#glyph(glyph, middle, y, colour, body.hollow, body.dashed);
    } else if (body.form === "box") {
      this.#box(from, width, top, colour);
    } else if (body.form === "window") {
      this.#hatch(start, end, top, colour, 0.55);
      if (mark.shape !== "deadline" && mark.lo !== null) {
        context.setLineDash(body.dashed ? [3, 2] : []);
        context.strokeRect(from, top, width, BAR);
      }
      context.setLineDash([]);
      const wall = body.overdue ? this.theme.accent : colour;
      this.#wall(end, y, wall, scale.forward);
      this.#glyph(glyph, end - 12 * scale.forward, y, colour, true, body.dashed);
    } else if (body.form === "fuzzy") {
      this.#fuzzy(one, px, y, colour);
    } else if (body.form === "ongoing") {
      this.#ongoing(start, end, y, colour, scale.forward);
    } else if (!body.started) {
      context.fillStyle = this.#fade(start, end, colour);
      context.fillRect(from, top, width, BAR);
    } else {
      context.beginPath();
      context.roundRect(from, top, width, BAR, 3);
      if (body.hollow || body.dashed) {
        context.save();
        context.globalAlpha *= BOX_FILL;
        context.fill();
        context.restore();
        context.stroke();
      } else {
        context.fill();
      }
    }
    context.setLineDash([]);
    if (body.overdue && body.form !== "window") {
      this.#wall(end + 4 * scale.forward, y, this.theme.accent, scale.forward);
    }
    if (body.struck) {
      context.fillStyle = colour;
      context.fillRect(from - 3, y - 1, width + 6, 2);
    }
    if (mark.id === chosen) {
      context.strokeStyle = this.theme.ink;
      context.lineWidth = 2;
      context.beginPath();
      context.roundRect(from - 4, y - 10, width + 8, 20, 5);
      context.stroke();
    }
  }

  /** @param {Placed} one @param {Picture} picture @param {number} y */
  #thread({ from, to, lane }, { scale, origin, shelves }, y) {
    const start = scale.rtl ? scale.width - to - origin : from + origin;
    this.#context.fillStyle = this.theme.pairs[shelves[lane].lane.pair];
    this.#context.fillRect(start, y + ROW / 2 - THREAD, to - from, THREAD - 1);
  }

  /** Somewhere in here. @param {number} from @param {number} width @param {number} top
   * @param {string} colour */
  #box(from, width, top, colour) {
    const context = this.#context;
    context.fillStyle = colour;
    context.save();
    context.globalAlpha *= BOX_FILL;
    context.fillRect(from, top, width, BAR);
    context.restore();
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(from, top);
    context.lineTo(from, top + BAR);
    context.lineTo(from + width, top + BAR);
    context.lineTo(from + width, top);
    context.stroke();
  }

  /** @param {Path2D} path @param {number} x @param {number} y @param {string} colour
   * @param {boolean} hollow @param {boolean} dashed */
  #glyph(path, x, y, colour, hollow, dashed) {
    const context = this.#context;
    context.save();
    context.translate(x, y);
    const open = hollow || dashed;
    context.fillStyle = open ? this.theme.ground : colour;
    context.strokeStyle = colour;
    context.lineWidth = 1.8;
    context.setLineDash(dashed ? [2.4, 1.5] : []);
    context.fill(path);
    if (open) context.stroke(path);
    context.restore();
  }

  /** @param {number} start @param {number} end @param {number} top
   * @param {string} colour @param {number} share Of the lines' strength. */
  #hatch(start, end, top, colour, share) {
    const context = this.#context;
    const [from, width] = [Math.min(start, end), Math.abs(end - start)];
    context.save();
    context.globalAlpha *= share;
    context.translate(from, top);
    context.fillStyle = this.#hatchOf(colour);
    context.fillRect(0, 0, width, BAR);
    context.restore();
  }

  /** @param {string} colour */
  #hatchOf(colour) {
    const known = this.#hatches.get(colour);
    if (known) return known;
    // One turn of lines at 45 degrees, 7 px apart, in the screen's own pixels.
    const ratio = devicePixelRatio || 1;
    const side = HATCH * Math.SQRT2;
    const tile = document.createElement("canvas");
    tile.width = tile.height = Math.round(side * ratio);
    const context = tile.getContext("2d");
    if (!context) throw new Error("no canvas");
    context.scale(tile.width / side, tile.width / side);
    context.strokeStyle = colour;
    context.lineWidth = 2.5;
    for (const shift of [-side, 0, side]) {
      context.moveTo(shift - 2, side + 2);
      context.lineTo(shift + side + 2, -2);
    }
    context.stroke();
    const made = context.createPattern(tile, "repeat");
    if (!made) throw new Error("no pattern");
    made.setTransform(new DOMMatrix().scale(side / tile.width));
    this.#hatches.set(colour, made);
    return made;
  }

  /** The end of a window. @param {number} x @param {number} y @param {string} colour
   * @param {number} forward */
  #wall(x, y, colour, forward) {
    this.#context.fillStyle = colour;
    this.#context.fillRect(forward > 0 ? x - 3 : x, y - 10, 3, 20);
  }

  /** @param {number} start @param {number} end @param {string} colour */
  #fade(start, end, colour) {
    const fade = this.#context.createLinearGradient(start, 0, end, 0);
    fade.addColorStop(0, clear(colour));
    fade.addColorStop(1, colour);
    return fade;
  }

  /** @param {Placed} one @param {(second: number) => number} px @param {number} y
   * @param {string} colour */
  #fuzzy({ mark, body }, px, y, colour) {
    const context = this.#context;
    const [start, end] = [px(body.from), px(body.to)];
    const middle = (body.from + body.to) / 2;
    const core = mark.core ?? [middle, middle];
    const share = (/** @type {number} */ second) =>
      Math.min(Math.max((px(second) - start) / (end - start), 0), 1);
    const fade = context.createLinearGradient(start, 0, end, 0);
    fade.addColorStop(0, clear(colour));
    fade.addColorStop(share(core[0]), colour);
    fade.addColorStop(share(core[1] + 1), colour);
    fade.addColorStop(1, clear(colour));
    context.fillStyle = fade;
    context.fillRect(Math.min(start, end), y - BAR / 2, Math.abs(end - start), BAR);
    // The whisker keeps its ends on paper and in forced colours.
    context.beginPath();
    context.moveTo(start, y - 4);
    context.lineTo(start, y + 4);
    context.moveTo(start, y);
    context.lineTo(end, y);
    context.moveTo(end, y - 4);
    context.lineTo(end, y + 4);
    context.stroke();
  }

  /** @param {number} start @param {number} end @param {number} y
   * @param {string} colour @param {number} forward */
  #ongoing(start, end, y, colour, forward) {
    const context = this.#context;
    const tail = end - TAIL * forward;
    context.fillStyle = colour;
    context.fillRect(Math.min(start, tail), y - BAR / 2, Math.abs(tail - start), BAR);
    context.fillStyle = this.#fade(end, tail, colour);
    context.fillRect(Math.min(tail, end), y - BAR / 2, TAIL, BAR);
    context.beginPath();
    context.moveTo(end - 7 * forward, y - 5);
    context.lineTo(end - 1 * forward, y);
    context.lineTo(end - 7 * forward, y + 5);
    context.stroke();
  }

  /** Where it stood before. @param {Placed} one @param {(second: number) => number} px
   * @param {number} y @param {string} colour @param {Path2D} glyph @param {number} middle */
  #ghost({ mark }, px, y, colour, glyph, middle) {
    const { ghost } = mark;
    if (!ghost) return;
    const context = this.#context;
    const start = px(ghost.lo ?? ghost.at);
    const end = px((ghost.hi ?? ghost.at) + 1);
    const old = (start + end) / 2;
    context.save();
    context.globalAlpha *= 0.75;
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(old, y);
    context.lineTo(middle, y);
    context.stroke();
    context.setLineDash([1.5, 2]);
    context.lineWidth = 1.5;
    if (Math.abs(end - start) >= LEAST_PX + 4) {
      const from = Math.min(start, end);
      context.strokeRect(from, y - BAR / 2, Math.abs(end - start), BAR);
    } else if (Math.abs(old - middle) > 2) {
      context.translate(old, y);
      context.fillStyle = this.theme.ground;
      context.fill(glyph);
      context.stroke(glyph);
    }
    context.restore();
  }

  /** @param {Placed} one @param {Picture} picture @param {number} y */
  #label(one, { scale, origin, shelves }, y) {
    const context = this.#context;
    const along = (/** @type {number} */ x) => (scale.rtl ? scale.width - x : x);
    let place = one.labelAt + origin;
    if (one.inside) {
      // Stays in sight with its body.
      const last = one.to + origin - one.labelWidth - 8 - TAIL;
      place = Math.min(Math.max(one.from + origin, 0) + 14, last);
    }
    this.#font(13);
    // The title's own direction, which need not be the page's.
    context.direction = RIGHT_TO_LEFT.test(one.label) ? "rtl" : "ltr";
    context.textAlign = scale.rtl ? "right" : "left";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const { form, dashed, hollow } = one.body;
    const pale = form === "box" || (form === "bar" && (dashed || hollow));
    if (!one.inside && one.body.kept) {
      // Over what was promised, whose end stays in sight.
      const ends = [along(place - HALO), along(place + one.labelWidth + HALO)];
      const top = y - BAR / 2 - 1;
      context.fillStyle = this.theme.ground;
      context.fillRect(Math.min(...ends), top, one.labelWidth + 2 * HALO, BAR + 2);
      context.save();
      context.globalAlpha = FAINT;
      const colour = this.theme.pairs[shelves[one.lane].lane.pair];
      this.#wall(scale.x(one.body.kept.to), y, colour, scale.forward);
      context.restore();
    } else if (!one.inside) {
      context.strokeStyle = this.theme.ground;
      context.lineWidth = 2 * HALO;
      context.strokeText(one.label, along(place), y + 0.5);
    } else if (!pale) {
      // Not every colour would leave enough contrast: the body makes way, but is seen
      // to go on.
      const ends = [along(place - 6), along(place + one.labelWidth + 6)];
      const outlined = form === "window" && one.mark.shape !== "deadline";
      const high = outlined ? BAR - 2 : BAR + 4;
      context.fillStyle = this.theme.ground;
      context.strokeStyle = this.theme.pairs[shelves[one.lane].lane.pair];
      context.lineWidth = 1.5;
      context.beginPath();
      context.roundRect(Math.min(...ends), y - high / 2, one.labelWidth + 12, high, 3);
      context.fill();
      if (form !== "window") context.stroke();
    }
    context.fillStyle = one.body.struck ? this.theme.mute : this.theme.ink;
    context.fillText(one.label, along(place), y + 0.5);
    if (one.body.struck) {
      const x = along(place);
      const width = one.labelWidth;
      context.fillRect(scale.rtl ? x - width : x, y, width, 1.5);
    }
  }

  /** @param {Picture} picture */
  #today({ scale, height, now, nowWords }) {
    this.#context.direction = scale.rtl ? "rtl" : "ltr";
    const x = scale.x(now);
    if (x < 0 || x > scale.width) return;
    const context = this.#context;
    context.fillStyle = this.theme.accent;
    context.fillRect(Math.min(Math.max(x - 1, 0), scale.width - 2), 0, 2, height);
    this.#font(12, 600);
    context.textAlign = "start";
    context.textBaseline = "alphabetic";
    const width = context.measureText(nowWords).width;
    const along = scale.rtl ? scale.width - x : x;
    const behind = along + 6 + width < scale.width;
    const place = behind ? along + 6 : along - 6 - width;
    context.fillText(nowWords, scale.rtl ? scale.width - place : place, height - 5);
  }
}

/** Without what sums of fractions leave. @param {number} px */
const tenths = (px) => Math.round(px * 10) / 10;

/** Too narrow to be seen to last. @param {Placed} one */
const isNarrow = ({ body, from, to }) =>
  to - from < (body.form === "bar" ? LEAST_BAR : LEAST_PX + 4);

/** @param {Placed} one */
const isThread = (one) => one.crowded && one.body.form !== "glyph" && !isNarrow(one);

/** The same colour, seen through. @param {string} colour As computed: rgb(…). */
const clear = (colour) => colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0)");
