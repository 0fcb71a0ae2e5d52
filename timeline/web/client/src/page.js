// The page's address and what stands on it: written by the server alone, so that a
// link shows the same to whoever opens it, with or without this script.

import { edtf } from "./units.js";

/** @import {Island, Window} from "./types.js" */

/** @param {Document} document @returns {Island | null} */
export const islandOf = (document) => {
  const text = document.getElementById("picture")?.textContent;
  return text ? JSON.parse(text) : null;
};

/** What the page shows of its list. @param {Document} document */
export const shownOn = (document) => {
  const data = document.getElementById("list")?.dataset ?? {};
  return {
    shown: Number(data.shown ?? 0),
    total: Number(data.total ?? 0),
    more: data.more !== undefined,
  };
};

/**
 * The address of the page with *window*; null: with everything.
 * @param {Island} island @param {Window | null} window
 * @param {[string, string][]} [place] More parameters.
 */
export const addressOf = (island, window, place = []) => {
  const args = [...island.args];
  if (window) args.push(["from", edtf(window.lo)], ["to", edtf(window.hi - 1)]);
  const query = new URLSearchParams([...args, ...place]).toString();
  return query ? `${island.path}?${query}` : island.path;
};

export class Page {
  /** @type {AbortController | null} */
  #asking = null;

  /** Whether another list is on its way. */
  get busy() {
    return this.#asking !== null;
  }

  /**
   * The page at *address*, and where it was found.
   * @param {string} address @param {AbortSignal} [signal]
   */
  async read(address, signal) {
    const answer = await fetch(address, { signal, headers: { Accept: "text/html" } });
    const text = await answer.text();
    const found = new DOMParser().parseFromString(text, "text/html");
    // A list says in its own words what is wrong with its address; the rest is no list.
    if (!found.querySelector("[data-part=list]")) throw new Error(answer.statusText);
    return { document: found, address: answer.url };
  }

  /**
   * Show what stands at *address* instead, but for the picture; null: meanwhile
   * something else was asked for.
   * @param {string} address
   */
  async show(address) {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    try {
      const found = await this.read(address, asking.signal);
      if (asking.signal.aborted) return null;
      swap(found.document);
      return found;
    } catch (error) {
      if (asking.signal.aborted) return null;
      throw error;
    } finally {
      if (this.#asking === asking) this.#asking = null;
    }
  }
}

const HEAD = "link[rel=canonical], link[rel=alternate]";

/** @param {Document} other */
const swap = (other) => {
  const focused = document.activeElement;
  const card = focused?.closest('li[id^="e-"]')?.id;
  const id = focused?.id;
  const open = new Set(
    [...document.querySelectorAll("details[open]")].map((one) => one.className),
  );
  const place = () =>
    document.getElementById("picture-overview")?.getBoundingClientRect().top ?? 0;
  const before = place();
  for (const part of document.querySelectorAll("[data-part]")) {
    const { part: name } = /** @type {HTMLElement} */ (part).dataset;
    /** @type {HTMLElement | null} */
    const its = other.querySelector(`[data-part="${name}"]`);
    if (!its) continue;
    // What stands above the picture must not pull it from under the hand.
    if (name === "categories") its.style.minHeight = `${part.clientHeight}px`;
    part.replaceWith(its);
  }
  scrollBy({ top: place() - before, behavior: "instant" });
  for (const one of document.querySelectorAll("details")) {
    if (open.has(one.className)) one.open = true;
  }
  for (const link of document.head.querySelectorAll(HEAD)) link.remove();
  document.head.append(...other.head.querySelectorAll(HEAD));
  document.title = other.title;
  const again = card ? cardLink(card) : id && document.getElementById(id);
  if (again && again !== document.activeElement) again.focus({ preventScroll: true });
};

/** The link of a card. @param {string} id @returns {HTMLElement | null} */
export const cardLink = (id) =>
  document.querySelector(`#${CSS.escape(id)} h4 a`);

/** The entry that holds the focus. */
export const focusedEntry = () =>
  document.activeElement?.closest('li[id^="e-"]')?.id.slice(2) ?? null;
