// Signature Version 4 with the browser's own cryptography.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

const ALGORITHM = 'AWS4-HMAC-SHA256';
const HMAC = { name: 'HMAC', hash: 'SHA-256' };
const utf8 = new TextEncoder();

/** Whether this page can sign: browsers have SubtleCrypto over HTTPS and on this machine only. */
export function canSign() {
  return globalThis.crypto?.subtle !== undefined;
}

/** Signs requests with one access key, in one region. */
export class Signer {
  #accessKeyId;
  #secretAccessKey;
  #region;
  /** The newest signing key of each service: it is good for a day. */
  #keys = new Map();

  constructor({ accessKeyId, secretAccessKey, region }) {
    this.#accessKeyId = accessKeyId;
    this.#secretAccessKey = secretAccessKey;
    this.#region = region;
  }

  /**
   * The headers to send, the given ones among them. Signs those and the host, which browsers send by themselves. The path of `url`
   * is one that needs no encoding, and it has no query: the operations that this page calls have neither.
   */
  async sign({ method, url, headers, body, service, date }) {
    const amzDate = `${date.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
    const scope = `${amzDate.slice(0, 8)}/${this.#region}/${service}/aws4_request`;
    const sent = { ...headers, 'X-Amz-Date': amzDate };
    const signed = Object.entries({ ...sent, Host: url.host })
      .map(([name, value]) => [name.toLowerCase(), value.trim()])
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const names = signed.map(([name]) => name).join(';');
    const lines = signed.map(([name, value]) => `${name}:${value}\n`).join('');
    const canonicalRequest = [method, url.pathname, '', lines, names, await sha256(body)].join(
      '\n',
    );
    const stringToSign = [ALGORITHM, amzDate, scope, await sha256(canonicalRequest)].join('\n');
    const signature = hex(await hmac(await this.#key(scope), stringToSign));
    const credential = `${this.#accessKeyId}/${scope}`;
    return {
      ...sent,
      Authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
    };
  }

  async #key(scope) {
    const service = scope.split('/')[2];
    const kept = this.#keys.get(service);
    if (kept?.scope === scope) return kept.key;
    let key = await hmacKey(utf8.encode(`AWS4${this.#secretAccessKey}`));
    for (const part of scope.split('/')) key = await hmacKey(await hmac(key, part));
    this.#keys.set(service, { scope, key });
    return key;
  }
}

async function sha256(text) {
  return hex(await crypto.subtle.digest('SHA-256', utf8.encode(text)));
}

function hmacKey(bytes) {
  return crypto.subtle.importKey('raw', bytes, HMAC, false, ['sign']);
}

function hmac(key, text) {
  return crypto.subtle.sign('HMAC', key, utf8.encode(text));
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
