import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';

/** AWS's own signer, as the judge of ours. */
export function awsSigner(
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
  options: { applyChecksum?: boolean } = {},
): SignatureV4 {
  return new SignatureV4({
    service: 'ivs',
    region: 'us-west-2',
    credentials,
    sha256: Sha256,
    ...options,
  });
}

type Data = string | ArrayBuffer | ArrayBufferView;

/** The form of hash that the signer takes. */
class Sha256 {
  readonly #secret: Data | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: Data) {
    this.#secret = secret;
    this.#hash = this.#start();
  }

  update(data: Data): void {
    this.#hash.update(toBytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }

  reset(): void {
    this.#hash = this.#start();
  }

  #start(): Hash | Hmac {
    return this.#secret === undefined
      ? createHash('sha256')
      : createHmac('sha256', toBytes(this.#secret));
  }
}

function toBytes(data: Data): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
