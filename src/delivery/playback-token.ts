import type * as Jose from 'jose';
import { CLOCK_SKEW_MS } from '../domain/playback-claims.ts';
import { refuseToken } from '../domain/playback-refusal.ts';

/** "Playback token size: 2 KB" (IVS service quotas). */
const MAX_TOKEN_LENGTH = 2048;

/** Keys that are kept ready: an account has three, and each is 1 KB. */
const MAX_IMPORTED_KEYS = 1000;

const TOKEN_PARAMETER = /(?:^|&)token=([^&]*)/;

/** The token of a playback URL's query; '' where there is none, which no key verifies. */
export function tokenIn(query: string): string {
  const text = TOKEN_PARAMETER.exec(query)?.[1] ?? '';
  // Nothing in a token needs percent-encoding, so only who encodes everything has any.
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return refuseToken(MALFORMED);
  }
}

/** Loaded with the first token: a fifteenth of the time and a tenth of the memory of a start without it. */
type JoseModule = typeof Jose;

/** As IVS words it: of a token that is missing, too. */
const MALFORMED = 'token contains an invalid number of segments';

/** Verifies the signatures of playback tokens: ES384 and nothing else, whatever a token's header says. */
export class PlaybackTokens {
  /** By PEM, newest use last. A key is ready once it was parsed, which takes as long as a signature. */
  readonly #imported = new Map<string, Promise<Jose.CryptoKey>>();

  /**
   * The payload of a token that one of these keys signed. IVS's tokens do not name their key: each is tried. Costs about a
   * millisecond, on libuv's threads; `exp` is only roughly checked here.
   *
   * @throws PlaybackRefusal
   */
  async verify(
    token: string,
    publicKeyPems: readonly string[],
    nowMs: number,
  ): Promise<Jose.JWTPayload> {
    if (token.length > MAX_TOKEN_LENGTH) refuseToken(`token is longer than ${MAX_TOKEN_LENGTH}`);
    const jose = await import('jose');
    for (const pem of publicKeyPems) {
      try {
        const { payload } = await jose.jwtVerify(token, await this.#key(pem, jose), {
          algorithms: ['ES384'],
          currentDate: new Date(nowMs),
          clockTolerance: CLOCK_SKEW_MS / 1000,
        });
        return payload;
      } catch (error) {
        if (error instanceof jose.errors.JWSSignatureVerificationFailed) continue;
        if (error instanceof jose.errors.JOSEError) refuseToken(reasonOf(error, jose.errors));
        throw error;
      }
    }
    return refuseToken(token === '' ? MALFORMED : 'signature is invalid');
  }

  #key(pem: string, { importSPKI }: JoseModule): Promise<Jose.CryptoKey> {
    const key = this.#imported.get(pem) ?? importSPKI(pem, 'ES384');
    this.#imported.delete(pem);
    this.#imported.set(pem, key);
    const [oldest] = this.#imported.keys();
    if (this.#imported.size > MAX_IMPORTED_KEYS && oldest !== undefined) {
      this.#imported.delete(oldest);
    }
    return key;
  }
}

/** In the words of the library that IVS seems to use: people search for them. */
function reasonOf(error: Jose.errors.JOSEError, errors: JoseModule['errors']): string {
  if (error instanceof errors.JWTExpired) return 'token is expired';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'signing method is invalid: ES384 is taken';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf' ? 'token is not valid yet' : `${error.claim} is not valid`;
  }
  return MALFORMED;
}
