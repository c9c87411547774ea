/** The thread: questions as they are sent, answers while they are written, and their rendered form afterwards. */

import { fetchFragment, fromTemplate, putInPlace } from "./fragments.js";

const MARKER = /[ \t]?\[(\d{1,3})\]/g;

/** An answer that is being written. */
export class LiveAnswer {
  #text;
  #words;
  #time;
  #paragraph;
  #pending = "";
  #frame = 0;
  #began = Date.now();
  #clock;

  /**
   * @param {HTMLElement} article
   * @param {() => void} grew called after text became visible
   */
  constructor(article, grew) {
    this.article = article;
    this.grew = grew;
    this.lastSeq = 0;
    this.#text = /** @type {HTMLElement} */ (article.querySelector(".live-text"));
    this.#words = /** @type {HTMLElement} */ (article.querySelector(".stage-words"));
    this.#time = /** @type {HTMLElement} */ (article.querySelector(".stage-time"));
    this.#paragraph = document.createElement("p");
    this.#clock = window.setInterval(() => this.#tick(), 1000);
  }

  get id() {
    return this.article.dataset.message ?? "";
  }

  /**
   * @param {number | undefined} seq
   * @returns {boolean} whether this event is new; a resumed stream may repeat some
   */
  isNew(seq) {
    if (seq === undefined) return true;
    if (seq <= this.lastSeq) return false;
    this.lastSeq = seq;
    return true;
  }

  /** @param {string} words */
  stage(words) {
    const shown = words.charAt(0).toUpperCase() + words.slice(1);
    if (this.#words.textContent !== shown) this.#words.textContent = shown;
    this.grew();
  }

  /** @param {string} text */
  append(text) {
    this.#pending += text;
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#flush());
    if (document.hidden) this.#flush();
  }

  /** Stop the clock; the text stays. */
  end() {
    clearInterval(this.#clock);
    if (this.#pending) this.#flush();
  }

  #flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const [first, ...others] = this.#pending.replaceAll("\t", " · ").split(/\n{2,}/);
    this.#pending = "";
    this.#write(first);
    for (const paragraph of others) {
      this.#paragraph = document.createElement("p");
      this.#write(paragraph);
    }
    this.grew();
  }

  /** @param {string} text */
  #write(text) {
    if (!text) return;
    if (!this.#paragraph.isConnected) this.#text.append(this.#paragraph);
    let shown = 0;
    for (const match of text.matchAll(MARKER)) {
      this.#paragraph.append(text.slice(shown, match.index));
      this.#dropLastSpace();
      this.#paragraph.append(pendingMarker(match[1]));
      shown = match.index + match[0].length;
    }
    this.#paragraph.append(text.slice(shown));
  }

  /** The space in front of a marker may have come in an earlier piece. */
  #dropLastSpace() {
    this.#paragraph.normalize();
    const last = this.#paragraph.lastChild;
    if (last instanceof Text) last.data = last.data.trimEnd();
  }

  #tick() {
    const seconds = Math.round((Date.now() - this.#began) / 1000);
    if (seconds >= 2) this.#time.textContent = `${seconds} s`;
  }
}

/** @param {string} number */
function pendingMarker(number) {
  const marker = document.createElement("span");
  marker.className = "cite is-pending";
  marker.textContent = number;
  return marker;
}

export class Thread {
  #root;
  #follower;

  /**
   * @param {HTMLElement} root
   * @param {import("./scroll.js").Follower} follower
   */
  constructor(root, follower) {
    this.#root = root;
    this.#follower = follower;
  }

  /** @returns {HTMLElement | null} the answer that was being written when the page was loaded */
  get unfinished() {
    return this.#root.querySelector('[data-status="streaming"]');
  }

  /** @param {string} id */
  find(id) {
    return /** @type {HTMLElement | null} */ (this.#root.querySelector(`[data-message="${CSS.escape(id)}"]`));
  }

  /** @param {string} clientId */
  #local(clientId) {
    return /** @type {HTMLElement | null} */ (this.#root.querySelector(`[data-local="${CSS.escape(clientId)}"]`));
  }

  /**
   * @param {import("./outbox.js").Outgoing} outgoing
   * @param {string} state in words, "" when it is on its way
   */
  addQuestion(outgoing, state) {
    document.getElementById("beginning")?.remove();
    const article = fromTemplate("live-question");
    article.dataset.local = outgoing.client_id;
    const text = /** @type {HTMLElement} */ (article.querySelector(".question-text"));
    text.textContent = outgoing.content;
    this.#root.append(article);
    this.questionState(outgoing.client_id, state);
    this.#follower.toEnd();
  }

  /**
   * @param {string} clientId
   * @param {string} state
   */
  questionState(clientId, state) {
    const line = this.#local(clientId)?.querySelector(".question-state");
    if (line) line.textContent = state;
  }

  /** @param {string} clientId */
  dropQuestion(clientId) {
    this.#local(clientId)?.remove();
  }

  /**
   * The server has the question: it may be on the page already, from a reload.
   * @param {string} clientId
   * @param {string} id
   */
  confirmQuestion(clientId, id) {
    const article = this.#local(clientId);
    if (article === null) return;
    if (this.find(id)) return article.remove();
    article.dataset.message = id;
    article.removeAttribute("data-local");
    article.querySelector(".question-state")?.remove();
  }

  /**
   * @param {string} id
   * @param {string} questionId
   * @returns {LiveAnswer | null} null when this answer is on the page, finished
   */
  beginAnswer(id, questionId) {
    const known = this.find(id);
    if (known) return known.dataset.status === "streaming" ? this.#live(known) : null;
    const article = fromTemplate("live-answer");
    article.dataset.message = id;
    const question = this.find(questionId);
    const former = question?.nextElementSibling;
    if (former?.classList.contains("answer")) former.replaceWith(article);
    else if (question) question.after(article);
    else this.#root.append(article);
    const live = this.#live(article);
    if (article === this.#root.lastElementChild) this.#follower.toEnd();
    return live;
  }

  /** @param {HTMLElement} article */
  #live(article) {
    return new LiveAnswer(article, () => this.#follower.grew());
  }

  /** @returns {LiveAnswer | null} */
  resumeUnfinished() {
    return this.unfinished ? this.#live(this.unfinished) : null;
  }

  /**
   * @param {LiveAnswer} live
   * @returns {Promise<boolean>} whether the server has its end
   */
  async isFinished(live) {
    const fragment = await fetchFragment(`/app/messages/${live.id}/`);
    return fragment.querySelector("[data-status]")?.getAttribute("data-status") !== "streaming";
  }

  /**
   * Put the rendered message in place of the one that was being written.
   * @param {LiveAnswer} live
   */
  async settle(live) {
    live.end();
    const fragment = await fetchFragment(`/app/messages/${live.id}/`);
    this.#follower.hold(() => {
      const [article] = putInPlace(live.article, fragment);
      article?.dispatchEvent(new CustomEvent("message-settled", { bubbles: true }));
    });
  }
}
