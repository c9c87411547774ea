/** Password fields: show what was typed; say how strong a new password is; tell a form which time zone this is. */

const TYPING_PAUSE = 350; // milliseconds
/** The least score of each step after the first; `WEAKEST` of the server is the third. */
const STEPS = [25, 50, 70, 85];

/** @typedef {{score: number, label: string, is_enough: boolean, problems: string[]}} Strength */

class Meter {
  #place;
  #input;
  #word;
  #list;
  /** @type {number | undefined} */
  #timer;
  /** @type {AbortController | null} */
  #asking = null;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
    this.#input = /** @type {HTMLInputElement} */ (document.getElementById(place.dataset.strength ?? ""));
    this.#word = /** @type {HTMLElement} */ (place.querySelector(".strength-word"));
    this.#list = /** @type {HTMLElement} */ (place.querySelector(".strength-todo"));
    place.hidden = false;
    for (const input of [this.#input, ...this.#about().values()]) {
      input?.addEventListener("input", () => this.#later());
    }
    if (this.#input.value) this.#later();
  }

  /** The fields of the same form that a password must not resemble. */
  #about() {
    const field = (/** @type {string} */ name) => /** @type {HTMLInputElement | null} */ (this.#input.form?.elements.namedItem(name));
    return new Map([["name", field("name")], ["email", field("email")]]);
  }

  #later() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    if (!this.#input.value) return this.#clear();
    this.#timer = setTimeout(() => void this.#judge(), TYPING_PAUSE);
    return undefined;
  }

  async #judge() {
    this.#asking = new AbortController();
    const about = this.#about();
    const asked = {
      password: this.#input.value,
      name: (about.get("name")?.value || this.#place.dataset.name || "").slice(0, 150),
      email: (about.get("email")?.value || this.#place.dataset.email || "").slice(0, 254),
    };
    try {
      const response = await fetch(this.#place.dataset.url ?? "", {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify(asked),
        credentials: "omit",
        signal: this.#asking.signal,
      });
      if (!response.ok) throw new Error(`The strength answered ${response.status}`);
      this.#show((await response.json()).data);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      this.#clear();
      this.#word.textContent = "How strong it is will be checked when you send the form.";
    }
  }

  /** @param {Strength} strength */
  #show(strength) {
    const level = 1 + STEPS.filter((least) => strength.score >= least).length;
    this.#place.dataset.level = String(level);
    this.#place.dataset.enough = String(strength.is_enough);
    this.#word.textContent = strength.is_enough ? `Strength: ${strength.label}` : `Strength: ${strength.label}. Not accepted yet`;
    this.#list.replaceChildren(
      ...strength.problems.map((problem) => {
        const item = document.createElement("li");
        item.textContent = problem;
        return item;
      }),
    );
  }

  #clear() {
    delete this.#place.dataset.level;
    delete this.#place.dataset.enough;
    this.#word.textContent = "";
    this.#list.replaceChildren();
  }
}

/** @param {HTMLButtonElement} button */
function reveals(button) {
  const input = /** @type {HTMLInputElement} */ (document.getElementById(button.dataset.reveal ?? ""));
  const show = (/** @type {boolean} */ isShown) => {
    input.type = isShown ? "text" : "password";
    button.textContent = isShown ? "Hide" : "Show";
    button.setAttribute("aria-label", isShown ? "Hide what is typed" : "Show what is typed");
  };
  button.hidden = false;
  button.addEventListener("click", () => show(input.type === "password"));
  input.form?.addEventListener("submit", () => show(false)); // browsers offer to keep typed text, not passwords
}

for (const button of document.querySelectorAll("[data-reveal]")) reveals(/** @type {HTMLButtonElement} */ (button));
for (const place of document.querySelectorAll("[data-strength]")) new Meter(/** @type {HTMLElement} */ (place));
for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[data-time-zone]"))) {
  if (input instanceof HTMLInputElement) input.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}
