import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A key pair of an application: its private half signs tokens, its public half is imported. */
export class TokenKey {
  readonly #privateKey: KeyObject;
  readonly publicKeyPem: string;

  constructor(namedCurve: 'P-256' | 'P-384' | 'P-521' = 'P-384') {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
    this.#privateKey = privateKey;
    this.publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }

  /** A JWT, made without the library that verifies it. */
  token(
    payload: object,
    header: object = { alg: 'ES384', typ: 'JWT' },
    hash: 'sha256' | 'sha384' | 'sha512' = 'sha384',
  ): string {
    return compact(header, payload, (data) =>
      sign(hash, data, { key: this.#privateKey, dsaEncoding: 'ieee-p1363' }),
    );
  }
}

/** The oldest trick: the public key as the secret of a MAC. */
export const hmacToken = (payload: object, secret: string): string =>
  compact({ alg: 'HS256', typ: 'JWT' }, payload, (data) =>
    createHmac('sha256', secret).update(data).digest(),
  );

export const unsignedToken = (payload: object): string =>
  compact({ alg: 'none', typ: 'JWT' }, payload, () => Buffer.alloc(0));

function compact(header: object, payload: object, signature: (data: Buffer) => Buffer): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const data = `${encode(header)}.${encode(payload)}`;
  return `${data}.${signature(Buffer.from(data)).toString('base64url')}`;
}
