// Elements, made and changed. Whatever comes from the API is text: nothing here reads markup.

/** A new element with properties of it, and children: elements or texts. */
export function create(tag, properties = {}, ...children) {
  const { dataset = {}, attributes = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, dataset);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The element of the page with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Changes a text where it is another one: what has not changed keeps its selection, and is not read aloud again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Brings the children of `parent` in line with `items`: each has one child, known by its key, that is made once, updated in
 * place, and removed with its item. A child is an object with its `element` and an `update(item)`.
 */
export class KeyedList {
  #parent;
  #keyOf;
  #make;
  #children = new Map();

  constructor(parent, { keyOf, make }) {
    this.#parent = parent;
    this.#keyOf = keyOf;
    this.#make = make;
  }

  show(items) {
    const children = new Map();
    let place = this.#parent.firstElementChild;
    for (const item of items) {
      const key = this.#keyOf(item);
      const child = this.#children.get(key) ?? this.#make();
      child.update(item);
      children.set(key, child);
      if (child.element === place) place = place.nextElementSibling;
      else this.#parent.insertBefore(child.element, place);
    }
    for (const [key, { element }] of this.#children) if (!children.has(key)) element.remove();
    this.#children = children;
  }
}
