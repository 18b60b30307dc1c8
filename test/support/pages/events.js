// What the IVS player uses of Node's `events`: a browser has none.

export class EventEmitter {
  #listeners = new Map();

  on(type, listener) {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
    return this;
  }

  off(type, listener) {
    const others = (this.#listeners.get(type) ?? []).filter((other) => other !== listener);
    this.#listeners.set(type, others);
    return this;
  }

  removeListener(type, listener) {
    return this.off(type, listener);
  }

  removeAllListeners(type) {
    if (type === undefined) this.#listeners.clear();
    else this.#listeners.delete(type);
    return this;
  }

  emit(type, ...values) {
    const listeners = this.#listeners.get(type) ?? [];
    for (const listener of listeners) listener(...values);
    return listeners.length > 0;
  }
}
