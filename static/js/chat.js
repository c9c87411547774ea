/** The chat page: wires its parts together. */

import { Composer, followKeyboard } from "./composer.js";
import { copyButtons } from "./copy.js";
import { openEvidence, resizable } from "./evidence.js";
import { csrfToken, fetchFragment, SignedOut } from "./fragments.js";
import { forgetAll, keepDraft, newId, Outbox } from "./outbox.js";
import { Follower } from "./scroll.js";
import { closesItself, Sheet } from "./sheets.js";
import { ChatSocket } from "./socket.js";
import { supportMarks } from "./support.js";
import { Thread } from "./thread.js";
import { localTimes } from "./times.js";

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);

const composer = new Composer(part("composer"));
const socket = new ChatSocket();
const follower = new Follower(part("scroll"), part("pill"));
const thread = new Thread(part("thread"), follower);
const announce = (/** @type {string} */ words) => (part("announcer").textContent = words);

/** @type {Outbox | null} */
let outbox = null;
/** @type {import("./thread.js").LiveAnswer | null} */
let live = null;
/** The question that a conversation is being made for. @type {string | null} */
let beginning = null;
/** Endings whose rendered form could not be fetched yet. @type {Set<import("./thread.js").LiveAnswer>} */
const unsettled = new Set();

// --- Asking ------------------------------------------------------------------

composer.addEventListener("ask", async (event) => {
  const text = /** @type {CustomEvent<string>} */ (event).detail;
  if (beginning !== null) {
    // A second question before the first one has a conversation: one at a time, and nothing typed is lost.
    if (text !== beginning && composer.isEmpty) composer.fill(text);
    return undefined;
  }
  beginning = text;
  try {
    await begin();
  } catch (error) {
    composer.fill(text);
    return error instanceof SignedOut ? sayState("signed-out") : sayState("offline");
  } finally {
    beginning = null;
  }
  return ask({ client_id: newId(), content: text });
});

composer.addEventListener("stop", () => {
  if (live && !socket.send({ type: "message.stop", message_id: live.id })) announce("Offline: this cannot be stopped now.");
});

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const example = target?.closest("[data-question]");
  if (example instanceof HTMLElement) {
    composer.dispatchEvent(new CustomEvent("ask", { detail: example.dataset.question }));
    composer.focus();
  }
  const again = target?.closest("[data-regenerate]");
  if (again instanceof HTMLElement && live === null) {
    const sent = socket.send({ type: "message.regenerate", message_id: again.dataset.regenerate, client_id: newId() });
    if (!sent) announce("Offline: try again when the connection is back.");
  }
});

/** Make sure that there is a conversation to ask in. */
async function begin() {
  if (composer.conversation) return;
  const response = await fetch(part("composer").dataset.create, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
  });
  if (response.redirected || response.status === 403) throw new SignedOut();
  if (!response.ok) throw new Error(`Creating a conversation answered ${response.status}`);
  const { id, url } = await response.json();
  keepDraft("", "");
  composer.conversation = id;
  history.replaceState(null, "", url);
  enter(id);
}

/** @param {import("./outbox.js").Outgoing} outgoing */
function ask(outgoing) {
  outbox?.add(outgoing);
  const sent = deliver(outgoing);
  thread.addQuestion(outgoing, sent || socket.state === "connecting" ? "" : "Waiting to be sent");
  if (sent) composer.busy(false);
}

/** @param {import("./outbox.js").Outgoing} outgoing */
const deliver = (outgoing) => socket.send({ type: "message.send", ...outgoing });

// --- What the server says ----------------------------------------------------

socket.addEventListener("open", () => {
  if (live) socket.send({ type: "stream.resume", message_id: live.id, after: live.lastSeq });
  for (const outgoing of outbox?.all() ?? []) {
    deliver(outgoing);
    thread.questionState(outgoing.client_id, "");
  }
  for (const ended of unsettled) void settle(ended);
});

socket.addEventListener("state", (event) => sayState(/** @type {CustomEvent} */ (event).detail));

socket.addEventListener("frame", (event) => {
  const frame = /** @type {CustomEvent} */ (event).detail;
  if (frame.type === "message.accepted") return accepted(frame);
  if (frame.type === "error") return refused(frame);
  if (!live || frame.message_id !== live.id || !live.isNew(frame.seq)) return undefined;
  if (frame.type === "message.stage") return live.stage(frame.stage);
  if (frame.type === "message.delta") return live.append(frame.text);
  if (frame.type === "message.done" || frame.type === "message.failed") return ended(live, frame);
  return undefined;
});

/** @param {any} frame */
function accepted(frame) {
  outbox?.take(frame.client_id);
  composer.connection("");
  thread.confirmQuestion(frame.client_id, frame.user_message.id);
  if (live?.id === frame.message_id) return;
  const begun = thread.beginAnswer(frame.message_id, frame.user_message.id);
  if (!begun) return;
  live?.end();
  live = begun;
  composer.busy(true);
  void refreshRail();
}

/** @param {any} frame */
function refused(frame) {
  const words = frame.error?.message ?? frame.message ?? "This could not be sent.";
  const outgoing = frame.client_id && outbox?.take(frame.client_id);
  if (outgoing) {
    thread.dropQuestion(outgoing.client_id);
    composer.fill(composer.isEmpty ? outgoing.content : `${outgoing.content}\n\n${composer.text}`);
  }
  composer.connection(words);
  if (live) void checkUnfinished(live);
}

/**
 * An answer that cannot be followed may have ended meanwhile.
 * @param {import("./thread.js").LiveAnswer} answer
 */
async function checkUnfinished(answer) {
  if (!(await thread.isFinished(answer).catch(() => false)) || live !== answer) return;
  live = null;
  composer.busy(false);
  await settle(answer);
}

/**
 * @param {import("./thread.js").LiveAnswer} answer
 * @param {any} frame
 */
function ended(answer, frame) {
  live = null;
  composer.busy(false);
  unsettled.add(answer);
  void settle(answer);
  announce(frame.type === "message.failed" ? "The answer failed." : "The answer is complete.");
  void refreshRail();
}

/** @param {import("./thread.js").LiveAnswer} answer */
async function settle(answer) {
  try {
    await thread.settle(answer);
    unsettled.delete(answer);
  } catch (error) {
    if (error instanceof SignedOut) sayState("signed-out");
    else answer.stage("The sources of this answer could not be loaded yet");
  }
}

// --- State in words ----------------------------------------------------------

/** @param {import("./socket.js").State} state */
function sayState(state) {
  if (state !== "open" && state !== "connecting") {
    for (const outgoing of outbox?.all() ?? []) thread.questionState(outgoing.client_id, "Waiting to be sent");
  }
  if (state === "offline") composer.connection("Offline: your text is kept here");
  if (state === "open" || state === "idle") composer.connection("");
  if (state === "closed") composer.connection("This conversation cannot be written in. Your text is kept here");
  if (state === "signed-out") composer.connection(signInAgain());
}

function signInAgain() {
  const link = document.createElement("a");
  link.href = `${part("composer").dataset.signIn}?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = "You are signed out. Your text is kept: sign in again";
  return link;
}

async function refreshRail() {
  const recent = part("recent");
  try {
    const fragment = await fetchFragment(`${recent.dataset.url}?open=${composer.conversation}`);
    recent.replaceChildren(fragment);
    window.htmx.process(recent);
    const title = recent.querySelector("[aria-current]")?.textContent;
    if (title) {
      part("title").textContent = title;
      document.title = `${title} · VoiceAssist`;
    }
  } catch {
    // The list is refreshed with the next answer.
  }
}

// --- Start -------------------------------------------------------------------

/** @param {string} conversation */
function enter(conversation) {
  outbox = new Outbox(conversation);
  for (const outgoing of outbox.all()) thread.addQuestion(outgoing, "Waiting to be sent");
  live = thread.resumeUnfinished();
  composer.busy(live !== null);
  socket.connect(conversation);
}

const rail = new Sheet(part("rail"), "Conversations", "(max-width: 759.98px)");
const panel = new Sheet(part("panel"), "Evidence", "(max-width: 1099.98px)");
part("panel").addEventListener("sheet-opened", () => rail.isOpen && rail.close());
openEvidence(panel, part("panel"));
resizable(part("grip"), document.body);
closesItself(part("user-menu"));
supportMarks(part("thread"));
copyButtons();
followKeyboard();
part("sign-out").addEventListener("submit", forgetAll);
localTimes(document);
part("thread").addEventListener("message-settled", (/** @type {Event} */ event) => localTimes(/** @type {Element} */ (event.target)));
if (composer.conversation) enter(composer.conversation);
follower.toEnd();
if (window.matchMedia("(hover: hover)").matches) composer.focus();
