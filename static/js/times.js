/** Times come in UTC and are shown in the zone that the reader chose, else in the browser's. */

/** @param {ParentNode} root */
export function localTimes(root) {
  const format = inZone({ hour: "2-digit", minute: "2-digit" });
  const whole = inZone({ dateStyle: "long", timeStyle: "short" });
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (root.querySelectorAll("time[data-local]"))) {
    const moment = new Date(time.dateTime);
    time.textContent = format.format(moment);
    time.title = whole.format(moment);
  }
}

/** @param {Intl.DateTimeFormatOptions} shape */
function inZone(shape) {
  try {
    return new Intl.DateTimeFormat("en-GB", { ...shape, timeZone: document.documentElement.dataset.timeZone });
  } catch {
    return new Intl.DateTimeFormat("en-GB", shape); // a zone that this browser does not know
  }
}
