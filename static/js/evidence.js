/** The evidence panel: opens with a citation, scrolls to the quotation, remembers its width. */

import { fromTemplate } from "./fragments.js";

const WIDTH_KEY = "evidence-width";
const NARROWEST = 320;
const WIDEST = 720;
const STEP = 24;

/**
 * @param {import("./sheets.js").Sheet} sheet
 * @param {HTMLElement} panel
 */
export function openEvidence(sheet, panel) {
  const place = /** @type {HTMLElement} */ (panel.querySelector("#evidence"));
  /** @type {string | null} */
  let step = null;

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target !== place) return;
    const source = /** @type {HTMLElement} */ (event.detail.elt);
    step = source.dataset.step ?? null;
    if (step === null) place.replaceChildren(fromTemplate("evidence-waiting"));
    sheet.open(source);
  });
  place.addEventListener("htmx:afterSwap", () => {
    markCurrent(place);
    toQuotation(place);
    focusAfter(place, step);
  });
  for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failure, (event) => {
      if (event.detail.target === place) place.replaceChildren(fromTemplate("evidence-failed"));
    });
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target === place && event.detail.xhr.responseURL.includes("/login/")) location.reload();
  });
  panel.addEventListener("sheet-closed", () => markCurrent(null));
  leaveNewTabsAlone();
}

/** A citation is a link: Ctrl, Shift or Cmd and a click open it as a page of its own, as on any link. */
function leaveNewTabsAlone() {
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target instanceof Element && event.target.closest("a[hx-get]");
      if (link && (event.ctrlKey || event.metaKey || event.shiftKey)) event.stopPropagation();
    },
    { capture: true },
  );
}

/** @param {HTMLElement | null} place */
function markCurrent(place) {
  const address = place?.querySelector("[data-address]")?.getAttribute("data-address");
  for (const link of document.querySelectorAll("#thread [data-citation]")) {
    if (address && link.getAttribute("href") === address) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** @param {HTMLElement} place */
function toQuotation(place) {
  const quote = place.querySelector("[data-quote]");
  place.scrollTop = 0;
  if (!quote) return;
  const below = quote.getBoundingClientRect().bottom - place.getBoundingClientRect().bottom;
  const top = quote.getBoundingClientRect().top - place.getBoundingClientRect().top;
  if (below > -24) place.scrollTop = top - place.clientHeight / 3;
}

/**
 * Keep the focus on previous or next while stepping, else tell what was opened.
 * @param {HTMLElement} place
 * @param {string | null} step
 */
function focusAfter(place, step) {
  const again = step && place.querySelector(`a[data-step="${step}"]`);
  const title = place.querySelector(".title-line");
  const target = /** @type {HTMLElement | null} */ (again || title);
  target?.focus({ preventScroll: true });
}

/**
 * @param {HTMLElement} grip
 * @param {HTMLElement} frame
 */
export function resizable(grip, frame) {
  const limit = () => Math.min(WIDEST, window.innerWidth - 264 - 420);
  const set = (/** @type {number} */ width) => {
    const held = Math.round(Math.max(NARROWEST, Math.min(limit(), width)));
    frame.style.setProperty("--panel-width", `${held}px`);
    grip.setAttribute("aria-valuenow", String(held));
    return held;
  };
  const keep = (/** @type {number} */ width) => localStorage.setItem(WIDTH_KEY, String(set(width)));
  const kept = Number(localStorage.getItem(WIDTH_KEY));
  if (kept) set(kept);
  grip.addEventListener("pointerdown", (event) => {
    grip.setPointerCapture(event.pointerId);
    grip.classList.add("is-held");
    event.preventDefault();
  });
  grip.addEventListener("pointermove", (event) => {
    if (grip.hasPointerCapture(event.pointerId)) keep(window.innerWidth - event.clientX);
  });
  grip.addEventListener("lostpointercapture", () => grip.classList.remove("is-held"));
  grip.addEventListener("keydown", (event) => {
    const change = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
    if (change === undefined) return;
    event.preventDefault();
    keep(Number(grip.getAttribute("aria-valuenow")) + change);
  });
}
