/** Times come in UTC and are shown in the reader's own zone. */

/** @param {ParentNode} root */
export function localTimes(root) {
  const format = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
  const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short" });
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (root.querySelectorAll("time[data-local]"))) {
    const moment = new Date(time.dateTime);
    time.textContent = format.format(moment);
    time.title = whole.format(moment);
  }
}
