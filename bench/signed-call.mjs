// A call of the API that a tool can send again and again while its signature is fresh, which is five minutes.
import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { credentials, region } from './ivory-process.mjs';

export async function signedCall(operation, endpoint, input) {
  const { hostname, port, host } = new URL(endpoint);
  const body = JSON.stringify(input);
  const signer = new SignatureV4({ service: 'ivs', region, credentials, sha256: Sha256 });
  const { headers } = await signer.sign({
    method: 'POST',
    protocol: 'http:',
    hostname,
    port: Number(port),
    path: `/${operation}`,
    query: {},
    headers: { host, 'content-type': 'application/json' },
    body,
  });
  const { host: _, ...others } = headers;
  // wrk adds a Host of its own beside one that is spelled otherwise.
  return {
    name: operation,
    method: 'POST',
    url: `${endpoint}/${operation}`,
    headers: { ...others, Host: host },
    body,
  };
}

/** The form of hash that the signer takes. */
class Sha256 {
  #hash;
  constructor(secret) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }
  update(data) {
    this.#hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.#hash.digest());
  }
}
