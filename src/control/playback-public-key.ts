import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { ApiError } from '../domain/errors.ts';
import type { PlaybackKeyPairRecord } from '../domain/playback-key-pair.ts';

/** A P-384 key in PEM is some 215 characters. */
const MAX_LENGTH = 4096;

/** One block of RFC 7468 section 13 and nothing else: never a private key or a certificate, which Node would take too. */
const PUBLIC_KEY_BLOCK =
  /^\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/;

/**
 * Reads the public key that playback tokens will be verified with: PEM of a SubjectPublicKeyInfo (RFC 5480) of an elliptic
 * curve key on P-384. Whatever form its point has, the same key gives the same result. Throws ValidationException on
 * anything else.
 */
export function parsePlaybackPublicKey(
  publicKeyMaterial: string,
): Pick<PlaybackKeyPairRecord, 'publicKeyPem' | 'fingerprint'> {
  const key = readPublicKey(publicKeyMaterial);
  if (key?.asymmetricKeyDetails?.namedCurve !== 'secp384r1') {
    throw new ApiError(
      'ValidationException',
      'publicKeyMaterial must be the PEM of an ECDSA public key on the curve P-384 (secp384r1)',
    );
  }
  // Through JWK (RFC 7518 section 6.2), which knows no compressed points.
  const canonical = createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' });
  const der = canonical.export({ type: 'spki', format: 'der' });
  const digest = createHash('md5').update(der).digest('hex');
  return {
    publicKeyPem: canonical.export({ type: 'spki', format: 'pem' }).toString(),
    fingerprint: digest.replace(/..(?!$)/g, '$&:'),
  };
}

function readPublicKey(pem: string): KeyObject | undefined {
  if (pem.length > MAX_LENGTH || !PUBLIC_KEY_BLOCK.test(pem)) return undefined;
  try {
    return createPublicKey({ key: pem, format: 'pem', type: 'spki' });
  } catch {
    return undefined;
  }
}
