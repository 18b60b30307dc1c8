import type { Principal } from '../domain/access.ts';
import { ApiError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpRequest } from '../lib/http.ts';
import { SigV4Verifier } from '../protocols/aws/sigv4.ts';
import type { AccessKeys } from './credentials.ts';

/** Who sent a request, and for which region. */
export interface Caller {
  readonly principal: Principal;
  readonly region: string;
}

export interface Authenticator {
  /** Throws the `ApiError` that AWS answers with where a request is not to be believed. */
  authenticate(request: HttpRequest, body: Uint8Array): Caller;
}

/** Believes what is signed with a key that is known. */
export class SignatureAuthenticator implements Authenticator {
  readonly #accessKeys: AccessKeys;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #verifier: SigV4Verifier;

  /** `service`: what requests are signed for. */
  constructor(accessKeys: AccessKeys, clock: Pick<Clock, 'nowMs'>, service = 'ivs') {
    this.#accessKeys = accessKeys;
    this.#clock = clock;
    this.#verifier = new SigV4Verifier({
      service,
      secretOf: (id) => this.#accessKeys.find(id)?.secretAccessKey,
    });
  }

  authenticate(request: HttpRequest, body: Uint8Array): Caller {
    const verdict = this.#verifier.verify(request, body, this.#clock.nowMs());
    if (!verdict.ok) throw new ApiError(verdict.error, verdict.message);
    const key = this.#accessKeys.find(verdict.accessKeyId);
    if (!key) throw new ApiError('UnrecognizedClientException', 'The access key is gone');
    return { principal: key.principal, region: verdict.region };
  }
}
