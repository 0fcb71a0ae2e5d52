// The colours and fonts of the sheet, as the canvas needs them.

/**
 * @typedef {object} Theme
 * @property {string} ground
 * @property {string} ink
 * @property {string} mute
 * @property {string} line
 * @property {string} tint
 * @property {string} accent
 * @property {string[]} pairs By pair; the last marks all others.
 * @property {string} font Family.
 */

const PAIRS = 9;

/** Variables become colours only on an element. @param {HTMLElement} within */
export const readTheme = (within) => {
  const probe = document.createElement("i");
  within.append(probe);
  const style = getComputedStyle(probe);
  const colour = (/** @type {string} */ name) => {
    probe.style.color = `var(--${name})`;
    return style.color;
  };
  /** @type {Theme} */
  const theme = {
    ground: colour("bg"),
    ink: colour("ink"),
    mute: colour("mute"),
    line: colour("line"),
    tint: colour("tint"),
    accent: colour("accent"),
    pairs: Array.from({ length: PAIRS }, (_, pair) => colour(`c${pair}`)),
    font: style.fontFamily,
  };
  probe.remove();
  return theme;
};

/** Called when the reader, or the system, changes the dress. @param {() => void} changed */
export const watchTheme = (changed) => {
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
    matchMedia(query).addEventListener("change", changed);
  }
};

/** Called when the screen has other pixels. @param {() => void} changed */
export const watchRatio = (changed) => {
  const same = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
  const act = () => {
    watchRatio(changed);
    changed();
  };
  same.addEventListener("change", act, { once: true });
};
