/** Locks the page when nobody touched any tab for as long as the limit says, and asks first. */

const MINUTE = 60_000; // milliseconds
const POST_EVERY = MINUTE;
const KINDS = ["keydown", "pointerdown", "pointermove", "wheel", "touchmove"]; // a page scrolls by itself while it streams

const place = /** @type {HTMLElement} */ (document.getElementById("idle"));
const warning = /** @type {HTMLDialogElement} */ (document.getElementById("idle-warning"));
const cover = /** @type {HTMLDialogElement} */ (document.getElementById("idle-cover"));
const left = /** @type {HTMLElement} */ (document.getElementById("idle-left"));

const limit = Number(place.dataset.minutes) * MINUTE;
const warnAt = limit - Math.min(MINUTE, limit / 2);
const channel = "BroadcastChannel" in window ? new BroadcastChannel("voiceassist-idle") : null;

let last = Date.now();
let posted = last;
let isLocked = false;

/** @param {Event} event */
function touched(event) {
  if (isOver()) return lock(); // after sleep this may come before any timer
  if (warning.open) return undefined; // it wants an answer: were it to vanish under the pointer, a click would hit the page
  if (event instanceof PointerEvent && event.type === "pointermove" && !event.movementX && !event.movementY) return undefined;
  return stay();
}

function stay() {
  const before = last;
  last = Date.now();
  if (warning.open) warning.close();
  if (last - before > 1000) channel?.postMessage({ at: last });
}

const isOver = () => Date.now() - last >= limit;

function look() {
  if (isLocked) return;
  const idle = Date.now() - last;
  if (idle >= limit) lock();
  else if (idle >= warnAt) warn(limit - idle);
  else if (warning.open) warning.close();
  if (last > posted && Date.now() - posted >= POST_EVERY) void tell();
}

/** @param {number} rest milliseconds */
function warn(rest) {
  const seconds = Math.max(1, Math.ceil(rest / 1000));
  left.textContent = seconds === 1 ? "1 second" : `${seconds} seconds`;
  if (!warning.open) show(warning);
}

/** @param {HTMLDialogElement} dialog */
function show(dialog) {
  dialog.inert = false; // a sheet may have made everything beside it inert
  dialog.showModal();
}

async function tell() {
  posted = Date.now();
  try {
    const response = await send(place.dataset.seen ?? "");
    if (response.status === 401) leave(place.dataset.unlock ?? "");
    else if (response.redirected) leave(place.dataset.signIn ?? "");
  } catch {
    // Offline: the page says so itself, and the server locks by its own clock.
  }
}

/** @param {boolean} isNews whether the other tabs do not know yet */
function lock(isNews = true) {
  if (isLocked) return;
  isLocked = true;
  if (warning.open) warning.close();
  show(cover);
  if (!isNews) return void leave(place.dataset.unlock ?? "");
  channel?.postMessage({ isLocked: true });
  void send(place.dataset.lock ?? "")
    .catch(() => undefined)
    .finally(() => leave(place.dataset.unlock ?? ""));
}

/** @param {string} page */
function leave(page) {
  isLocked = true;
  if (!cover.open) show(cover);
  location.assign(`${page}?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** @param {string} url */
function send(url) {
  return fetch(url, { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": token() } });
}

/** The cookie is newer than the page where another tab signed in again. */
function token() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  const field = /** @type {HTMLInputElement} */ (place.querySelector("[name=csrfmiddlewaretoken]"));
  return cookie ? cookie.slice("csrftoken=".length) : field.value;
}

for (const kind of KINDS) addEventListener(kind, touched, { capture: true, passive: true });
document.addEventListener("visibilitychange", look);
document.getElementById("idle-stay")?.addEventListener("click", stay);
warning.addEventListener("cancel", stay);
document.getElementById("idle-lock")?.addEventListener("click", () => lock());
cover.addEventListener("cancel", (event) => event.preventDefault());
addEventListener("pageshow", (event) => event.persisted && location.reload());
channel?.addEventListener("message", (event) => {
  if (event.data.isLocked) lock(false);
  else last = Math.max(last, event.data.at);
});
setInterval(look, 1000);
