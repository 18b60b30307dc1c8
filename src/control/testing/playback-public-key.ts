import { generateKeyPairSync } from 'node:crypto';

/** A new P-384 public key as `openssl ec -pubout` writes it. */
export function newPlaybackPublicKey(namedCurve = 'P-384'): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve });
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
