import { rootOf } from '../domain/access.ts';
import { ApiError } from '../domain/errors.ts';
import { foreignPage } from '../lib/browser-guard.ts';
import type { HttpHandler, HttpReply, HttpRequest } from '../lib/http.ts';
import type { Logger } from '../lib/logger.ts';
import { parseQuery, type QueryParameter } from '../protocols/aws/canonical-request.ts';
import { readClaim } from '../protocols/aws/signature-claim.ts';
import type { Authenticator, Caller } from './authentication.ts';
import type { AccessKeys } from './credentials.ts';

/** What a reset empties: every record, of every account. */
export interface ResettableStore {
  deleteEverything(): Promise<void>;
}

export interface ResettableLive {
  /** Ends every stream. Resolves when their ends are written down. */
  stopAll(): Promise<void>;
  /** Limits of accounts that were breached are told of anew. */
  forgetBreaches(): void;
}

/** Access key ids that are accounts, as in other emulators of AWS: tests of several accounts need no set-up. */
const ACCOUNT_ID = /^[0-9]{12}$/;
const REGION = /^[a-z0-9-]{1,32}$/;

interface EmulatorOptions {
  /** Keys that are known keep their account and policies; nobody has to sign with their secret. */
  readonly accessKeys: AccessKeys;
  /** Of keys that are not known. */
  readonly accountId: string;
  /** `host:port` of the address that the operator gave this server, where there is one. */
  readonly publicHost?: string;
}

/** Believes whoever comes with a signature, of whatever secret, unless a web page sent it. */
export class EmulatorAuthenticator implements Authenticator {
  readonly #options: EmulatorOptions;

  constructor(options: EmulatorOptions) {
    this.#options = options;
  }

  authenticate(request: HttpRequest): Caller {
    const { accessKeys, accountId, publicHost } = this.#options;
    const reason = foreignPage(request, publicHost);
    if (reason !== undefined) {
      throw new ApiError('AccessDeniedException', `The emulator serves no web pages: ${reason}`);
    }
    const claim = readClaim(request.headers, readQuery(request.query));
    if ('error' in claim) throw new ApiError(claim.error, claim.message);
    const { accessKeyId, scope } = claim;
    if (!REGION.test(scope.region)) {
      throw new ApiError(
        'InvalidSignatureException',
        'Credential should be scoped to a valid region.',
      );
    }
    const known = accessKeys.find(accessKeyId)?.principal;
    const principal = known ?? rootOf(ACCOUNT_ID.test(accessKeyId) ? accessKeyId : accountId);
    return { principal, region: scope.region };
  }
}

function readQuery(query: string): readonly QueryParameter[] {
  try {
    return parseQuery(query);
  } catch {
    return [];
  }
}

const RESET_PATH = '/_ivory/reset';

/** `POST /_ivory/reset`: as if it had just been started on an empty directory, in milliseconds. */
export function resetRoute(options: {
  readonly store: ResettableStore;
  readonly live: ResettableLive;
  readonly log: Logger;
  readonly publicHost?: string;
}): HttpHandler {
  const { store, live, log, publicHost } = options;
  return (request): HttpReply | Promise<HttpReply> | undefined => {
    if (request.path !== RESET_PATH) return undefined;
    if (request.method !== 'POST') return { status: 405, headers: { Allow: 'POST' } };
    const reason = foreignPage(request, publicHost);
    if (reason !== undefined) {
      return textReply(403, `The emulator serves no web pages: ${reason}\n`);
    }
    return reset();
  };

  async function reset(): Promise<HttpReply> {
    await live.stopAll();
    await store.deleteEverything();
    // Whoever was let in while its channel still existed.
    await live.stopAll();
    live.forgetBreaches();
    log.info({}, 'reset: every stream has ended and every record is gone');
    return { status: 204, headers: {} };
  }
}

function textReply(status: number, body: string): HttpReply {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body };
}
