/** The page never jumps: scrolling follows new text only when the reader is at the end already. */

const NEAR = 48; // pixels from the end that still count as being there

export class Follower {
  #box;
  #pill;
  #following = true;

  /**
   * @param {HTMLElement} box the scrolling element
   * @param {HTMLElement} pill shown when there is new text out of sight
   */
  constructor(box, pill) {
    this.#box = box;
    this.#pill = pill;
    box.addEventListener("scroll", () => this.#moved(), { passive: true });
    pill.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.#following && this.toEnd()).observe(box);
  }

  get #atEnd() {
    return this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < NEAR;
  }

  #moved() {
    this.#following = this.#atEnd;
    if (this.#following) this.#pill.hidden = true;
  }

  /** Call after text was added at the end. */
  grew() {
    if (this.#following) this.toEnd();
    else if (!this.#atEnd) this.#pill.hidden = false;
  }

  toEnd() {
    this.#following = true;
    this.#pill.hidden = true;
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  /**
   * Change the page without moving what the reader sees.
   * @param {() => void} change
   */
  hold(change) {
    const top = this.#box.scrollTop;
    const following = this.#following;
    change();
    if (following) this.toEnd();
    else this.#box.scrollTop = top;
  }
}
