/** Rail and panel: columns on a wide screen, sheets over the thread on a narrow one. */

export class Sheet {
  #element;
  #narrow;
  #backdrop;
  /** @type {HTMLElement | null} */
  #opener = null;
  #isOpen = false;
  #role;

  /**
   * @param {HTMLElement} element a direct child of body
   * @param {string} label its name as a dialog
   * @param {string} query the media query under which it is a sheet
   */
  constructor(element, label, query) {
    this.#element = element;
    this.#role = element.getAttribute("role");
    this.label = label;
    this.#narrow = window.matchMedia(query);
    this.#backdrop = /** @type {HTMLElement} */ (document.getElementById("backdrop"));
    this.#narrow.addEventListener("change", () => this.#isOpen && this.#dress());
    this.#backdrop.addEventListener("click", () => this.#isSheet && this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#isOpen && !event.defaultPrevented && this.#mayClose(event)) this.close();
    });
    for (const button of document.querySelectorAll(`[data-closes="${element.id}"]`)) {
      button.addEventListener("click", () => this.close());
    }
    for (const button of document.querySelectorAll(`[data-opens="${element.id}"]`)) {
      button.addEventListener("click", () => this.open(/** @type {HTMLElement} */ (button)));
    }
  }

  get isOpen() {
    return this.#isOpen;
  }

  get #isSheet() {
    return this.#isOpen && this.#narrow.matches;
  }

  /**
   * As a column, Esc closes it from inside only.
   * @param {KeyboardEvent} event
   */
  #mayClose(event) {
    return this.#isSheet || this.#element.contains(/** @type {Node} */ (event.target));
  }

  /** @param {HTMLElement | null} opener where the focus returns to */
  open(opener) {
    if (opener && !this.#element.contains(opener)) this.#opener = opener;
    this.#isOpen = true;
    this.#element.hidden = false;
    this.#opener?.setAttribute("aria-expanded", "true");
    this.#dress();
    if (this.#isSheet && !this.#element.contains(document.activeElement)) this.#first()?.focus();
    this.#element.dispatchEvent(new Event("sheet-opened"));
  }

  close() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#dress();
    if (this.#element.id === "panel") this.#element.hidden = true;
    if (this.#opener?.hasAttribute("aria-expanded")) this.#opener.setAttribute("aria-expanded", "false");
    if (this.#opener?.isConnected) this.#opener.focus();
    this.#element.dispatchEvent(new Event("sheet-closed"));
  }

  #first() {
    return /** @type {HTMLElement | null} */ (this.#element.querySelector("a[href], button:not([disabled])"));
  }

  /** Give the element the semantics of a dialog and put everything else out of reach, or take that back. */
  #dress() {
    const sheet = this.#isSheet;
    this.#element.classList.toggle("is-sheet", sheet);
    this.#backdrop.hidden = !sheet;
    for (const other of document.body.children) {
      if (other !== this.#element && other !== this.#backdrop) /** @type {HTMLElement} */ (other).inert = sheet;
    }
    if (sheet) {
      this.#element.setAttribute("role", "dialog");
      this.#element.setAttribute("aria-modal", "true");
      this.#element.setAttribute("aria-label", this.label);
    } else {
      this.#element.removeAttribute("aria-modal");
      if (this.#role) this.#element.setAttribute("role", this.#role);
      else for (const name of ["role", "aria-label"]) this.#element.removeAttribute(name);
    }
  }
}

/**
 * A menu made of a details element closes by Esc and by a click elsewhere.
 * @param {HTMLDetailsElement} menu
 */
export function closesItself(menu) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    event.preventDefault();
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
}
