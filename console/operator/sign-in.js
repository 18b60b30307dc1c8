// The access key: typed by somebody, kept for this tab, forgotten on demand.

import { byId, setText } from './dom.js';
import { canSign } from './sigv4.js';

const KEY = 'ivory-console-access-key';
const MEMBERS = ['accessKeyId', 'secretAccessKey', 'region'];

/** The form, and the key that it gave. */
export class SignIn {
  #fields = {
    accessKeyId: byId('access-key-id'),
    secretAccessKey: byId('secret-access-key'),
    region: byId('region'),
  };

  /** `onCredentials` is given what was typed. */
  constructor(onCredentials) {
    byId('sign-in-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const credentials = this.#read();
      remember(credentials);
      onCredentials(credentials);
    });
    if (canSign()) return;
    this.showError(
      'The browser does not let this address sign requests: open this page over HTTPS, or on localhost.',
    );
    byId('sign-in-button').disabled = true;
  }

  /** The key of this tab, if it has one. */
  get remembered() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
      return kept && canSign() && MEMBERS.every((name) => typeof kept[name] === 'string')
        ? kept
        : undefined;
    } catch {
      return undefined;
    }
  }

  /** Asks again, with what was refused in the fields. */
  askAgain(credentials, text) {
    sessionStorage.removeItem(KEY);
    for (const name of MEMBERS) this.#fields[name].value = credentials[name];
    this.showError(text);
  }

  forget() {
    sessionStorage.removeItem(KEY);
    this.#fields.accessKeyId.value = '';
    this.#fields.secretAccessKey.value = '';
    this.showError('');
    this.#fields.accessKeyId.focus();
  }

  /** The form has done its part: no secret stays in the page. */
  done() {
    this.#fields.secretAccessKey.value = '';
    this.showError('');
  }

  showError(text) {
    setText(byId('sign-in-error'), text);
  }

  #read() {
    return Object.fromEntries(MEMBERS.map((name) => [name, this.#fields[name].value.trim()]));
  }
}

/** A browser that keeps nothing for a page asks again after a reload. */
function remember(credentials) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(credentials));
  } catch {
    // As it is.
  }
}
