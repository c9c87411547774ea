/** Buttons that copy the text in their data-copy attribute, and say so. */

const SAYS_SO_FOR = 2000; // milliseconds

/** @param {string} text */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const box = document.createElement("textarea"); // plain http has no clipboard
  box.value = text;
  box.className = "visually-hidden";
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  if (!done) throw new Error("The browser refused.");
}

export function copyButtons() {
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-copy]");
    if (!(button instanceof HTMLElement)) return;
    const label = /** @type {HTMLElement} */ (button.querySelector("span"));
    const words = (label.dataset.words ??= label.textContent ?? "");
    try {
      await copy(button.dataset.copy ?? "");
      label.textContent = "Copied";
    } catch {
      label.textContent = "Could not copy";
    }
    const announcer = document.getElementById("announcer");
    if (announcer) announcer.textContent = label.textContent;
    setTimeout(() => (label.textContent = words), SAYS_SO_FOR);
  });
}
