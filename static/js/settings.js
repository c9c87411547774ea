/** The settings pages: preferences that save themselves, copying, printing. */

import { copyButtons } from "./copy.js";
import { csrfToken } from "./fragments.js";
import { forgetAll } from "./outbox.js";

/** Saves each field as it is changed, one after the other, and says how that went. */
class Autosave {
  #form;
  #state;
  /** Names of fields whose latest value the server does not have. @type {Set<string>} */
  #unsaved = new Set();
  /** Names of fields that the server refused as they are. @type {Set<string>} */
  #refused = new Set();
  #isSaving = false;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
    this.#state = /** @type {HTMLElement} */ (form.querySelector("[data-save-state]"));
    form.querySelector("[data-save-button]")?.setAttribute("hidden", "");
    form.addEventListener("change", (event) => this.changed(/** @type {HTMLInputElement} */ (event.target).name));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#saveAll();
    });
    window.addEventListener("online", () => void this.#saveAll());
    window.addEventListener("beforeunload", (event) => this.#unsaved.size && event.preventDefault());
  }

  /** @param {string} name of a field */
  changed(name) {
    if (name === "theme") wear(this.#value(name) ?? "");
    this.#refused.delete(name);
    this.#unsaved.add(name);
    void this.#saveAll();
  }

  async #saveAll() {
    if (this.#isSaving) return;
    this.#isSaving = true;
    let failed = false;
    while (!failed && this.#unsaved.size) {
      this.#say("Saving…");
      const [name] = this.#unsaved;
      this.#unsaved.delete(name);
      failed = !(await this.#save(name));
    }
    this.#isSaving = false;
    if (failed) this.#sayFailed();
    else if (this.#refused.size) this.#say("Not saved: see the field", true);
    else this.#say(`Saved ${clock(new Date(), zone())}`);
  }

  /**
   * @param {string} name
   * @returns {Promise<boolean>} whether the server has judged the value
   */
  async #save(name) {
    const body = new FormData();
    const value = this.#value(name);
    body.append("only", name);
    if (value !== null) body.append(name, value);
    try {
      const response = await fetch(this.#form.action, {
        method: "POST",
        headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
        body,
      });
      if (response.redirected || !response.ok) throw new Error(`Saving answered ${response.status}`);
      const answer = await response.json();
      this.#mark(name, answer.saved ? [] : (answer.errors[name] ?? []));
      if (answer.saved && name === "time_zone") moveTo(answer.time_zone);
    } catch {
      this.#unsaved.add(name);
      return false;
    }
    return true;
  }

  /**
   * @param {string} name
   * @returns {string | null} null for a box that is not ticked
   */
  #value(name) {
    return /** @type {string | null} */ (new FormData(this.#form).get(name));
  }

  /**
   * Show what is wrong with a field beside it.
   * @param {string} name
   * @param {string[]} problems
   */
  #mark(name, problems) {
    const place = document.getElementById(`id_${name}_error`);
    const input = document.getElementById(`id_${name}`);
    if (problems.length) this.#refused.add(name);
    else this.#refused.delete(name);
    place?.replaceChildren(...problems.map(problemLine));
    place?.closest(".field")?.classList.toggle("has-error", problems.length > 0);
    if (problems.length) input?.setAttribute("aria-invalid", "true");
    else input?.removeAttribute("aria-invalid");
    const described = [document.getElementById(`id_${name}_helptext`)?.id, problems.length ? place?.id : ""];
    input?.setAttribute("aria-describedby", described.filter(Boolean).join(" "));
  }

  /**
   * @param {string} words
   * @param {boolean} isTrouble
   */
  #say(words, isTrouble = false) {
    this.#state.textContent = words;
    this.#state.classList.toggle("is-trouble", isTrouble);
  }

  #sayFailed() {
    this.#say("Could not save, kept here. ", true);
    const again = document.createElement("button");
    again.type = "button";
    again.className = "link";
    again.textContent = "Try again";
    again.addEventListener("click", () => void this.#saveAll());
    this.#state.append(again);
  }
}

/** @param {string} text */
function problemLine(text) {
  const line = document.createElement("p");
  line.className = "error";
  line.textContent = text;
  return line;
}

/** @param {string} theme */
function wear(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

const zone = () => document.documentElement.dataset.timeZone || undefined;

/**
 * @param {Date} moment
 * @param {string | undefined} timeZone
 */
function clock(moment, timeZone) {
  const shape = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit" });
  try {
    return new Intl.DateTimeFormat("en-GB", { ...shape, timeZone }).format(moment);
  } catch {
    return new Intl.DateTimeFormat("en-GB", shape).format(moment); // a zone that this browser does not know
  }
}

/** @param {string} timeZone */
function moveTo(timeZone) {
  document.documentElement.dataset.timeZone = timeZone;
  const name = document.querySelector("[data-zone-name]");
  if (name) name.textContent = timeZone;
  showClock();
  offerOwnZone();
}

function showClock() {
  const place = document.querySelector("[data-zone-clock]");
  if (place) place.textContent = clock(new Date(), document.querySelector("[data-zone-name]")?.textContent ?? zone());
}

function offerOwnZone() {
  const button = /** @type {HTMLButtonElement | null} */ (document.querySelector("[data-own-zone]"));
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const input = /** @type {HTMLInputElement | null} */ (document.getElementById("id_time_zone"));
  if (!button || !input || !own) return;
  button.textContent = `Use ${own}`;
  button.title = "The time zone of this computer";
  button.hidden = input.value === own;
  button.onclick = () => {
    input.value = own;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
}

copyButtons();
for (const form of document.querySelectorAll("[data-autosave]")) new Autosave(/** @type {HTMLFormElement} */ (form));
for (const form of document.querySelectorAll("[data-signs-out]")) form.addEventListener("submit", forgetAll);
for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-print]"))) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
if (document.querySelector("[data-zone-clock]")) {
  offerOwnZone();
  setInterval(showClock, 10_000);
}
