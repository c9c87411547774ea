/** Support marks: those of sentences that begin on the same line stand side by side; Esc hides an explanation. */

const STEP = 24; // pixels: targets must not overlap
const ROOM_FOR_TWO = 50; // pixels of margin below which further marks stand in the line itself

/** @param {ParentNode} root */
export function placeMarks(root) {
  for (const prose of root.querySelectorAll(".prose:not(.live-text)")) {
    /** @type {Map<number, number>} */
    const lines = new Map();
    const marks = /** @type {NodeListOf<HTMLElement>} */ (prose.querySelectorAll(".support"));
    const margin = prose.getBoundingClientRect().left - (prose.closest("#scroll")?.getBoundingClientRect().left ?? 0);
    for (const mark of marks) mark.classList.remove("is-inline");
    for (const mark of marks) {
      const line = Math.round(mark.getBoundingClientRect().top / 8);
      const taken = lines.get(line) ?? 0;
      mark.classList.toggle("is-inline", taken > 0 && margin < ROOM_FOR_TWO);
      mark.style.setProperty("--shift", `${taken * STEP}px`);
      lines.set(line, taken + 1);
    }
  }
}

/**
 * An explanation stands above its line, and below it when there is no room above.
 * @param {Element} mark
 */
function giveRoom(mark) {
  const box = mark.closest("#scroll");
  const note = mark.querySelector(".support-note");
  if (!box || !note) return;
  mark.classList.remove("is-low");
  mark.classList.toggle("is-low", note.getBoundingClientRect().top < box.getBoundingClientRect().top);
}

/** @param {HTMLElement} thread */
export function supportMarks(thread) {
  placeMarks(thread);
  let width = 0;
  new ResizeObserver(([entry]) => {
    if (entry.contentRect.width === width) return;
    width = entry.contentRect.width;
    placeMarks(thread);
  }).observe(thread);
  thread.addEventListener("message-settled", (event) => placeMarks(/** @type {HTMLElement} */ (event.target)));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const mark of thread.querySelectorAll(".support:hover, .support:focus")) mark.classList.add("is-dismissed");
  });
  for (const name of ["pointerover", "focusin"]) {
    thread.addEventListener(name, (event) => {
      const mark = event.target instanceof Element && event.target.closest(".support");
      if (mark) giveRoom(mark);
    });
  }
  for (const name of ["pointerout", "focusout"]) {
    thread.addEventListener(name, (event) => {
      if (event.target instanceof Element) event.target.closest(".support")?.classList.remove("is-dismissed");
    });
  }
}
