/** Questions sent but not yet acknowledged, and drafts: kept in this tab until the server has them. */

/** @typedef {{client_id: string, content: string}} Outgoing */

/** Each tab keeps its own; a browser that refuses storage still lets one ask. */
const memory = new Map();

/** Two people may use one tab after another: what one typed is never shown to the other. */
const owner = document.querySelector("[data-user]")?.getAttribute("data-user") ?? "";

/** @param {string} key */
function read(key) {
  try {
    return sessionStorage.getItem(key) ?? memory.get(key) ?? "";
  } catch {
    return memory.get(key) ?? "";
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
function write(key, value) {
  memory.set(key, value);
  try {
    if (value) sessionStorage.setItem(key, value);
    else sessionStorage.removeItem(key);
  } catch {
    // Storage is off or full: memory holds it while the page is open.
  }
}

/** @returns {string} a random id, also where crypto.randomUUID is missing (plain http) */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Outbox {
  #key;

  /** @param {string} conversation */
  constructor(conversation) {
    this.#key = `${owner}:outbox:${conversation}`;
  }

  /** @returns {Outgoing[]} oldest first */
  all() {
    return JSON.parse(read(this.#key) || "[]");
  }

  /** @param {Outgoing} outgoing */
  add(outgoing) {
    this.#save([...this.all(), outgoing]);
  }

  /**
   * @param {string} clientId
   * @returns {Outgoing | undefined} what was waiting under this id
   */
  take(clientId) {
    const found = this.all().find((outgoing) => outgoing.client_id === clientId);
    if (found) this.#save(this.all().filter((outgoing) => outgoing.client_id !== clientId));
    return found;
  }

  /** @param {Outgoing[]} outgoing */
  #save(outgoing) {
    write(this.#key, outgoing.length ? JSON.stringify(outgoing) : "");
  }
}

/** @param {string} conversation "" for one that has not begun */
const draftKey = (conversation) => `${owner}:draft:${conversation || "new"}`;

/** @param {string} conversation */
export const draftOf = (conversation) => read(draftKey(conversation));

/**
 * @param {string} conversation
 * @param {string} text
 */
export const keepDraft = (conversation, text) => write(draftKey(conversation), text);

/** Leave nothing behind on a shared machine. */
export function forgetAll() {
  memory.clear();
  sessionStorage.clear();
}
