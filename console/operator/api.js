// The public API, as any other client calls it: signed POSTs to the server that this page came from.

import { Signer } from './sigv4.js';

const TIMEOUT_MS = 10_000;
const CLOUDWATCH = 'GraniteServiceVersion20100801';

/** What the API answers instead of a result; `name` is its error's, such as `ThrottlingException`. */
export class ApiError extends Error {
  constructor(operation, { name, message, status }) {
    super(message);
    this.name = name;
    this.operation = operation;
    this.status = status;
  }

  /** The server is there and asks for fewer calls. */
  get isThrottling() {
    return this.status === 429 || this.status === 503 || this.name.startsWith('Throttling');
  }

  /** The key itself is refused, and so will be every call. */
  get isOfKey() {
    return [
      'UnrecognizedClientException',
      'InvalidSignatureException',
      'IncompleteSignature',
      'MissingAuthenticationToken',
    ].includes(this.name);
  }

  /** Other calls may well be answered. */
  get isOfOneCall() {
    return !this.isThrottling && !this.isOfKey;
  }
}

/** Calls operations in the name of one access key, until it is closed. */
export class ApiClient {
  #signer;
  #closing = new AbortController();

  /** `credentials`: `accessKeyId`, `secretAccessKey` and `region`. */
  constructor(credentials) {
    this.#signer = new Signer(credentials);
  }

  /** An operation of IVS. */
  ivs(operation, input) {
    const headers = { 'Content-Type': 'application/json' };
    return this.#call({ service: 'ivs', operation, path: `/${operation}`, headers, input });
  }

  /** An operation of CloudWatch, in AWS JSON 1.0: times are seconds since the Unix epoch. */
  cloudwatch(operation, input) {
    const headers = {
      'Content-Type': 'application/x-amz-json-1.0',
      'X-Amz-Target': `${CLOUDWATCH}.${operation}`,
    };
    return this.#call({ service: 'monitoring', operation, path: '/', headers, input });
  }

  /** All that one list has, of `pages` pages of a hundred at most; `hasMore` says whether that was not all. */
  async list(operation, member, pages, input = {}) {
    const items = [];
    let nextToken;
    for (let page = 0; page < pages; page++) {
      const token = nextToken === undefined ? {} : { nextToken };
      const output = await this.ivs(operation, { maxResults: 100, ...input, ...token });
      items.push(...output[member]);
      nextToken = output.nextToken || undefined;
      if (nextToken === undefined) break;
    }
    return { items, hasMore: nextToken !== undefined };
  }

  /** Ends what is being asked; nothing is answered afterwards. */
  close() {
    this.#closing.abort();
  }

  async #call({ service, operation, path, headers, input }) {
    const url = new URL(path, location.href);
    const body = JSON.stringify(input);
    const request = { method: 'POST', url, headers, body, service, date: new Date() };
    const response = await fetch(url, {
      method: 'POST',
      headers: await this.#signer.sign(request),
      body,
      cache: 'no-store',
      signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!response.ok) throw new ApiError(operation, await readError(response));
    return response.json();
  }
}

/** IVS names its errors in a header, AWS JSON in the body; a proxy in between may send neither. */
async function readError(response) {
  const { status, statusText, headers } = response;
  const text = await response.text();
  const body = readJson(text);
  return {
    name: headers.get('x-amzn-errortype') ?? body.__type ?? `HTTP ${status}`,
    message: body.message ?? statusText,
    status,
  };
}

function readJson(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
