/** Fetching and placing pieces of HTML that the server rendered. */

export class SignedOut extends Error {}

/**
 * @param {string} url
 * @param {Record<string, string>} [headers]
 * @returns {Promise<DocumentFragment>}
 */
export async function fetchFragment(url, headers = {}) {
  const response = await fetch(url, { headers: { "HX-Request": "true", Accept: "text/html", ...headers } });
  if (response.status === 401) throw new SignedOut(); // the browser was left alone and is locked
  if (response.redirected && new URL(response.url).pathname.endsWith("/login/")) throw new SignedOut();
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
  const fragment = document.createDocumentFragment();
  fragment.append(...document.adoptNode(parsed.body).childNodes);
  return fragment;
}

/**
 * Put nodes in place of an element and let htmx find its attributes in them.
 * @param {Element} place
 * @param {DocumentFragment} fragment
 */
export function putInPlace(place, fragment) {
  const elements = [...fragment.children];
  place.replaceWith(fragment);
  for (const element of elements) window.htmx.process(element);
  return elements;
}

/** @returns {string} the token that Django checks on every request that changes something */
export function csrfToken() {
  return /** @type {HTMLInputElement} */ (document.querySelector("[name=csrfmiddlewaretoken]")).value;
}

/**
 * @param {string} id of a template element
 * @returns {HTMLElement} a copy of its only element
 */
export function fromTemplate(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  return /** @type {HTMLElement} */ (copy.firstElementChild);
}
