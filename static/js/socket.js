/**
 * Sockets that stay connected, report their state and hand on frames.
 * Events: "open", "frame" (detail: the frame), "state" (detail: State).
 */

/** @typedef {"idle" | "connecting" | "open" | "offline" | "signed-out" | "closed"} State */

const PAUSES = [400, 1000, 2000, 4000, 8000, 15000]; // milliseconds between attempts
const PING_EVERY = 25_000;
const PONG_WITHIN = 10_000;
/** Close codes after which it makes no sense to try again. @type {Record<number, State>} */
const FINAL = { 4401: "signed-out", 4403: "closed", 4404: "closed" };

export class LiveSocket extends EventTarget {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {State} */
  #state = "idle";
  #path = "";
  #attempts = 0;
  #retry = 0;
  #ping = 0;
  #pong = 0;

  constructor() {
    super();
    window.addEventListener("online", () => this.#hurry());
    window.addEventListener("offline", () => this.#lose());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  get state() {
    return this.#state;
  }

  get isOpen() {
    return this.#state === "open";
  }

  /** @param {string} path */
  connect(path) {
    this.#path = path;
    this.#open();
  }

  /**
   * @param {Record<string, unknown>} frame
   * @returns {boolean} whether it was handed to an open socket
   */
  send(frame) {
    if (!this.isOpen || this.#socket === null) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #open() {
    clearTimeout(this.#retry);
    this.#become("connecting");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${this.#path}`);
    this.#socket = socket;
    socket.addEventListener("open", () => this.#opened(socket));
    socket.addEventListener("message", (event) => this.#received(socket, event.data));
    socket.addEventListener("close", (event) => this.#closed(socket, event.code));
  }

  /** @param {WebSocket} socket */
  #opened(socket) {
    if (socket !== this.#socket) return;
    this.#become("open");
    this.#ping = window.setInterval(() => this.#beat(), PING_EVERY);
    this.dispatchEvent(new Event("open"));
  }

  /**
   * @param {WebSocket} socket
   * @param {string} data
   */
  #received(socket, data) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#pong);
    this.#attempts = 0; // not when it opens: a server in trouble may accept and close at once
    this.dispatchEvent(new CustomEvent("frame", { detail: JSON.parse(data) }));
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  #closed(socket, code) {
    if (socket !== this.#socket) return;
    this.#forget();
    if (FINAL[code]) return this.#become(FINAL[code]);
    this.#become("offline");
    const pause = PAUSES[Math.min(this.#attempts, PAUSES.length - 1)];
    this.#attempts += 1;
    this.#retry = window.setTimeout(() => this.#open(), pause * (0.75 + Math.random() / 2));
  }

  #forget() {
    clearInterval(this.#ping);
    clearTimeout(this.#pong);
    this.#socket = null;
  }

  #beat() {
    if (this.send({ type: "ping" })) this.#pong = window.setTimeout(() => this.#lose(), PONG_WITHIN);
  }

  /** The connection is gone, whatever the socket says: a sleeping laptop's socket may not notice for minutes. */
  #lose() {
    const socket = this.#socket;
    if (socket === null) return;
    this.#closed(socket, 1006);
    socket.close();
  }

  #hurry() {
    if (this.#state !== "offline") return;
    this.#attempts = 0;
    this.#open();
  }

  /** @param {State} state */
  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}

/** The socket of one conversation. */
export class ChatSocket extends LiveSocket {
  /** @param {string} conversation */
  connect(conversation) {
    super.connect(`/ws/chat/${conversation}/`);
  }
}
