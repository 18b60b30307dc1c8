import type { KeyObject } from 'node:crypto';
import {
  canonicalRequest,
  parseQuery,
  type QueryParameter,
  type SignableRequest,
} from './canonical-request.ts';
import { equalInConstantTime, hmacKey, hmacSha256, sha256Hex } from './hmac.ts';
import { parseAmzDate, readClaim, type SignatureClaim } from './signature-claim.ts';

export type SignatureErrorName =
  | 'MissingAuthenticationToken'
  | 'IncompleteSignature'
  | 'UnrecognizedClientException'
  | 'InvalidSignatureException';

export interface SignatureAccepted {
  readonly ok: true;
  readonly accessKeyId: string;
  /** Of the credential scope. */
  readonly region: string;
  /** What came as X-Amz-Security-Token, unchecked. */
  readonly sessionToken?: string;
}

export interface SignatureRefused {
  readonly ok: false;
  readonly error: SignatureErrorName;
  /** In AWS's words; never holds a signature or a key. */
  readonly message: string;
}

export type SignatureVerdict = SignatureAccepted | SignatureRefused;

export interface SigV4VerifierOptions {
  /** The service of the credential scope. */
  readonly service: string;
  readonly secretOf: (accessKeyId: string) => string | undefined;
}

export interface VerifiableRequest extends SignableRequest {
  /** Whether the request came over TLS: only then may it be signed without its body. */
  readonly isEncrypted: boolean;
}

/** "The request must reach AWS within five minutes of the timestamp in the request." */
const CLOCK_WINDOW_MS = 5 * 60 * 1000;
/** A working set of callers: the oldest derived key makes room. */
const MAX_CACHED_KEYS = 256;
const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
/** An ARN holds the region, and is at most 128 characters long. */
const REGION = /^[a-z0-9-]{1,32}$/;
const HEX_SHA256 = /^[0-9a-f]{64}$/;

/**
 * Verifies AWS Signature Version 4, in the Authorization header or in the query (presigned).
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 */
export class SigV4Verifier {
  readonly #service: string;
  readonly #secretOf: (accessKeyId: string) => string | undefined;
  readonly #signingKeys = new Map<string, { readonly secret: string; readonly key: KeyObject }>();

  constructor(options: SigV4VerifierOptions) {
    this.#service = options.service;
    this.#secretOf = options.secretOf;
  }

  /** Never throws for what a peer sent. `nowMs`: wall clock, milliseconds since the Unix epoch. */
  verify(request: VerifiableRequest, body: Uint8Array, nowMs: number): SignatureVerdict {
    let query: readonly QueryParameter[];
    try {
      query = parseQuery(request.query);
    } catch {
      return refused('InvalidSignatureException', 'The query string is not percent-encoded UTF-8.');
    }
    const claim = readClaim(request.headers, query);
    if ('error' in claim) return { ok: false, ...claim };
    return (
      this.#checkScope(claim) ??
      checkClock(claim, nowMs) ??
      this.#check(claim, request, query, body)
    );
  }

  #checkScope({ scope, amzDate, signedHeaders }: SignatureClaim): SignatureRefused | undefined {
    const date = amzDate.slice(0, 8);
    if (scope.date !== date) {
      return refused(
        'InvalidSignatureException',
        `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date}' != '${date}', from '${amzDate}'.`,
      );
    }
    if (!REGION.test(scope.region)) {
      return refused('InvalidSignatureException', 'Credential should be scoped to a valid region.');
    }
    if (scope.service !== this.#service) {
      return refused(
        'InvalidSignatureException',
        `Credential should be scoped to correct service: '${this.#service}'.`,
      );
    }
    if (!signedHeaders.includes('host') && !signedHeaders.includes(':authority')) {
      return refused(
        'InvalidSignatureException',
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
      );
    }
    return undefined;
  }

  #check(
    claim: SignatureClaim,
    request: VerifiableRequest,
    query: readonly QueryParameter[],
    body: Uint8Array,
  ): SignatureVerdict {
    const { scope } = claim;
    const secret = this.#secretOf(claim.accessKeyId);
    if (secret === undefined) {
      return refused(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      );
    }
    // A body's hash that the client announces is not believed: when it is wrong, ours makes another signature.
    const isUnsigned =
      request.headers['x-amz-content-sha256'] === UNSIGNED_PAYLOAD && request.isEncrypted;
    const canonical = canonicalRequest(
      request,
      query,
      claim.signedHeaders,
      isUnsigned ? UNSIGNED_PAYLOAD : sha256Hex(body),
    );
    const stringToSign = `AWS4-HMAC-SHA256\n${claim.amzDate}\n${scope.date}/${scope.region}/${scope.service}/aws4_request\n${sha256Hex(canonical)}`;
    const signature = hmacSha256(this.#signingKey(claim.accessKeyId, secret, scope), stringToSign);
    if (
      !HEX_SHA256.test(claim.signature) ||
      !equalInConstantTime(signature, Buffer.from(claim.signature, 'hex'))
    ) {
      return refused(
        'InvalidSignatureException',
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      );
    }
    const { accessKeyId, sessionToken } = claim;
    return {
      ok: true,
      accessKeyId,
      region: scope.region,
      ...(sessionToken !== undefined && { sessionToken }),
    };
  }

  #signingKey(accessKeyId: string, secret: string, scope: SignatureClaim['scope']): KeyObject {
    const name = `${accessKeyId}/${scope.date}/${scope.region}`;
    const cached = this.#signingKeys.get(name);
    if (cached?.secret === secret) return cached.key;
    const key = deriveSigningKey(secret, scope);
    this.#signingKeys.delete(name);
    const oldest = this.#signingKeys.keys().next();
    if (this.#signingKeys.size >= MAX_CACHED_KEYS && !oldest.done) {
      this.#signingKeys.delete(oldest.value);
    }
    this.#signingKeys.set(name, { secret, key });
    return key;
  }
}

function deriveSigningKey(secret: string, scope: SignatureClaim['scope']): KeyObject {
  return [scope.date, scope.region, scope.service, 'aws4_request'].reduce(
    (key, part) => hmacKey(hmacSha256(key, part)),
    hmacKey(`AWS4${secret}`),
  );
}

function checkClock(claim: SignatureClaim, nowMs: number): SignatureRefused | undefined {
  const { amzDate, expiresSeconds } = claim;
  const signedAtMs = parseAmzDate(amzDate);
  if (signedAtMs === undefined) {
    return refused(
      'IncompleteSignature',
      `Date must be in ISO-8601 'basic format'. Got '${amzDate}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  }
  if (signedAtMs > nowMs + CLOCK_WINDOW_MS) {
    return refused(
      'InvalidSignatureException',
      `Signature not yet current: ${amzDate} is still later than ${formatAmzDate(nowMs + CLOCK_WINDOW_MS)} (${formatAmzDate(nowMs)} + 5 min.)`,
    );
  }
  if (expiresSeconds === undefined && signedAtMs < nowMs - CLOCK_WINDOW_MS) {
    return refused(
      'InvalidSignatureException',
      `Signature expired: ${amzDate} is now earlier than ${formatAmzDate(nowMs - CLOCK_WINDOW_MS)} (${formatAmzDate(nowMs)} - 5 min.)`,
    );
  }
  if (expiresSeconds !== undefined && signedAtMs + expiresSeconds * 1000 < nowMs) {
    return refused(
      'InvalidSignatureException',
      `Signature expired: ${formatAmzDate(signedAtMs + expiresSeconds * 1000)} is now earlier than ${formatAmzDate(nowMs)}`,
    );
  }
  return undefined;
}

/** `20130524T000000Z` */
const formatAmzDate = (timeMs: number): string =>
  `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

function refused(error: SignatureErrorName, message: string): SignatureRefused {
  return { ok: false, error, message };
}
