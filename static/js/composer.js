/** The composer: grows with its text, keeps drafts, counts characters near the limit. */

import { draftOf, keepDraft } from "./outbox.js";

const NEAR_LIMIT = 0.9;

export class Composer extends EventTarget {
  #form;
  #text;
  #send;
  #stop;
  #count;
  #connection;
  #limit;

  /** @param {HTMLFormElement} form Events: "ask" (detail: the text), "stop". */
  constructor(form) {
    super();
    const part = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
    this.#form = form;
    this.#text = /** @type {HTMLTextAreaElement} */ (part("question"));
    this.#send = /** @type {HTMLButtonElement} */ (part("send"));
    this.#stop = /** @type {HTMLButtonElement} */ (part("stop"));
    this.#count = /** @type {HTMLElement} */ (part("composer-count"));
    this.#connection = /** @type {HTMLElement} */ (part("connection"));
    this.#limit = Number(form.dataset.limit);
    this.#text.addEventListener("input", () => this.#changed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#stop.addEventListener("click", () => this.dispatchEvent(new Event("stop")));
    form.addEventListener("submit", (event) => this.#submit(event));
    this.fill(draftOf(this.conversation));
  }

  get conversation() {
    return this.#form.dataset.conversation ?? "";
  }

  set conversation(id) {
    this.#form.dataset.conversation = id;
  }

  /** @param {string} text */
  fill(text) {
    this.#text.value = text;
    this.#changed();
  }

  focus() {
    this.#text.focus();
  }

  get text() {
    return this.#text.value;
  }

  get isEmpty() {
    return this.#text.value.trim() === "";
  }

  /** @param {boolean} writing whether an answer is being written */
  busy(writing) {
    const hadFocus = document.activeElement === this.#stop;
    this.#stop.hidden = !writing;
    this.#send.hidden = writing;
    if (!writing && hadFocus) this.focus();
  }

  /** @param {string | Node} words "" when connected */
  connection(words) {
    this.#connection.replaceChildren(...(words === "" ? [] : [words]));
  }

  #changed() {
    keepDraft(this.conversation, this.#text.value);
    this.#grow();
    const length = [...this.#text.value.trim()].length;
    const over = length > this.#limit;
    const number = new Intl.NumberFormat("en");
    this.#count.textContent =
      length > this.#limit * NEAR_LIMIT ? `${number.format(length)} of ${number.format(this.#limit)} characters` : "";
    this.#count.classList.toggle("is-over", over);
    this.#text.setAttribute("aria-invalid", String(over));
    this.#send.disabled = this.isEmpty || over;
  }

  #grow() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    if (this.#send.disabled || this.#send.hidden) return;
    const text = this.#text.value.trim();
    this.fill("");
    this.dispatchEvent(new CustomEvent("ask", { detail: text }));
  }
}

/** Keep the composer above the keyboard where the layout does not shrink by itself (iOS). */
export function followKeyboard() {
  const view = window.visualViewport;
  if (!view) return;
  view.addEventListener("resize", () => {
    const covered = window.innerHeight - view.height > 80 && view.scale === 1;
    if (covered) document.body.style.setProperty("--viewport", `${view.height}px`);
    else document.body.style.removeProperty("--viewport");
  });
}
