/** The bell: how much is unread, what is under way, and what was told lately. */

import { csrfToken, fetchFragment, SignedOut } from "./fragments.js";
import { LiveSocket } from "./socket.js";

const SOON = 200; // milliseconds, so that several events cost one look
const WITHOUT_SOCKET = 3000; // milliseconds until the list is fetched even though no socket opened
const BY_ITSELF = { "X-Background": "1" }; // no person is at work when an event makes the page look again

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);

const bell = part("bell");
const button = part("bell-button");
const popover = part("bell-popover");
const list = part("bell-list");
const socket = new LiveSocket();

let isJoined = false;
let timer = 0;
/** What is being fetched; a later fetch makes an earlier one's answer void. */
let latest = 0;

// --- The list ----------------------------------------------------------------

/** @param {Record<string, string>} [headers] */
async function refresh(headers = {}) {
  clearTimeout(timer);
  latest += 1;
  const own = latest;
  try {
    const fragment = await fetchFragment(bell.dataset.list, headers);
    if (own === latest) show(fragment);
  } catch (error) {
    if (error instanceof SignedOut) signedOut();
    else if (!popover.hidden) complain("This list could not be loaded. It comes by itself when the connection is back.");
  }
}

function refreshSoon() {
  clearTimeout(timer);
  timer = window.setTimeout(() => refresh(BY_ITSELF), SOON);
}

/** @param {DocumentFragment} fragment */
function show(fragment) {
  const focused = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  const wanted = focused?.dataset.post ?? focused?.getAttribute("href");
  list.replaceChildren(fragment);
  complain("");
  tellTimes();
  count(Number(list.querySelector("[data-unread]")?.dataset.unread ?? 0));
  if (focused) (controlOf(wanted) ?? popover).focus({ preventScroll: true });
}

/** @param {string | null | undefined} target @returns {HTMLElement | undefined} */
function controlOf(target) {
  const controls = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-post], a[href]")]);
  return controls.find((control) => target && (control.dataset.post ?? control.getAttribute("href")) === target);
}

/** @param {number} unread */
function count(unread) {
  const shown = part("bell-count");
  shown.hidden = unread === 0;
  shown.textContent = unread > 99 ? "99+" : String(unread);
  button.setAttribute("aria-label", unread ? `Notifications, ${unread} unread` : "Notifications");
}

function tellTimes() {
  const today = new Date().toDateString();
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (list.querySelectorAll("time[data-moment]"))) {
    const moment = new Date(time.dateTime);
    /** @type {Intl.DateTimeFormatOptions} */
    const day = moment.toDateString() === today ? {} : { day: "numeric", month: "short" };
    time.textContent = moment.toLocaleString("en-GB", { hour: "2-digit", minute: "2-digit", ...day });
    time.title = moment.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
  }
}

/** @param {string} words */
function complain(words) {
  const trouble = part("bell-trouble");
  trouble.textContent = words;
  trouble.hidden = words === "";
}

function signedOut() {
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = "You are signed out. Sign in again";
  const line = document.createElement("p");
  line.className = "bell-empty";
  line.append(link);
  list.replaceChildren(line);
  count(0);
}

// --- What the server says ------------------------------------------------------

socket.addEventListener("open", () => {
  isJoined = false;
  socket.send({ type: "ping" });
});

socket.addEventListener("frame", (event) => {
  const frame = /** @type {CustomEvent} */ (event).detail;
  if (frame.type === "pong") return joined();
  if (frame.type === "job.progress") return progress(frame);
  if (frame.type === "notification") part("bell-announcer").textContent = frame.title;
  return refreshSoon();
});

socket.addEventListener("state", (event) => {
  if (/** @type {CustomEvent} */ (event).detail === "signed-out") signedOut();
});

/** From the first pong on nothing is missed; what came before it is in the list. */
function joined() {
  if (isJoined) return;
  isJoined = true;
  void refresh(BY_ITSELF);
}

/** @param {{ job: string, stage: string, done: number, total: number }} frame */
function progress({ job, stage, done, total }) {
  if (popover.hidden) return;
  const item = list.querySelector(`[data-job="${CSS.escape(job)}"]`);
  const bar = /** @type {HTMLProgressElement | null} */ (item?.querySelector("progress"));
  if (!item || !bar || stage === "") return refreshSoon();
  if (!item.querySelector("[data-post]")) return undefined; // it is being cancelled
  const words = `${stage[0].toUpperCase()}${stage.slice(1)}`;
  const number = (/** @type {number} */ steps) => steps.toLocaleString("en-US");
  item.querySelector("[data-state]").textContent = total > 1 ? `${words} · ${number(done)} of ${number(total)}` : words;
  bar.max = total || 1;
  bar.value = done;
  return undefined;
}

// --- What the user does ----------------------------------------------------------

button.addEventListener("click", () => (popover.hidden ? open() : close()));

bell.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  if (event.key !== "Escape" || popover.hidden) return;
  event.preventDefault();
  close();
  button.focus();
});

bell.addEventListener("focusout", (/** @type {FocusEvent} */ event) => {
  const next = event.relatedTarget;
  if (next instanceof Node && !bell.contains(next)) close();
});

document.addEventListener("pointerdown", (event) => {
  if (!bell.contains(/** @type {Node} */ (event.target))) close();
});

document.addEventListener("visibilitychange", () => document.hidden || refreshSoon());

popover.addEventListener("click", (/** @type {MouseEvent} */ event) => {
  const target = event.target instanceof Element ? event.target : null;
  const pressed = target?.closest("[data-post]");
  if (pressed instanceof HTMLElement && pressed.ariaDisabled !== "true") void act(pressed);
  const followed = target?.closest("a[data-reads]");
  if (followed instanceof HTMLElement) void post(followed.dataset.reads ?? "").catch(() => undefined);
});

function open() {
  const bar = bell.parentElement.getBoundingClientRect(); // it grows where its words wrap
  popover.style.setProperty("--bell-bar", `${Math.round(bar.bottom)}px`);
  popover.hidden = false;
  button.setAttribute("aria-expanded", "true");
  void refresh();
}

function close() {
  popover.hidden = true;
  button.setAttribute("aria-expanded", "false");
}

/** @param {HTMLElement} pressed */
async function act(pressed) {
  pressed.setAttribute("aria-disabled", "true");
  try {
    const problem = await post(pressed.dataset.post ?? "");
    await refresh();
    complain(problem);
  } catch {
    pressed.removeAttribute("aria-disabled");
    complain("Offline: try again when the connection is back.");
  }
}

/**
 * @param {string} url
 * @returns {Promise<string>} what the server has against it, or ""
 */
async function post(url) {
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  const response = await fetch(url, { method: "POST", headers, keepalive: true });
  if (response.ok) return "";
  const body = await response.json().catch(() => null);
  return body?.error?.message ?? "This could not be done. Try again.";
}

// --- Start -----------------------------------------------------------------------

socket.connect("/ws/events/");
setTimeout(() => isJoined || refresh(BY_ITSELF), WITHOUT_SOCKET);
