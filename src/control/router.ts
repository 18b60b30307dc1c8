import { type AccessRequest, isAllowed, type Principal } from '../domain/access.ts';
import { ApiError } from '../domain/errors.ts';
import { BodyTooLarge, type HttpHandler, type HttpReply, type HttpRequest } from '../lib/http.ts';
import type { Logger } from '../lib/logger.ts';
import {
  errorReply,
  formatRequestId,
  preflightReply,
  successReply,
} from '../protocols/aws/rest-json.ts';
import { SigV4Verifier } from '../protocols/aws/sigv4.ts';
import { CallRates } from './call-rates.ts';
import type { ControlContext } from './context.ts';
import type { AccessKeys } from './credentials.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operation-table.ts';
import { PageTokens } from './pagination.ts';
import { readInput } from './request-input.ts';
import { Routes } from './routes.ts';
import { validateInput } from './validation.ts';

export interface ControlApiDependencies
  extends Pick<ControlContext, 'store' | 'live' | 'clock' | 'random' | 'endpoints' | 'quotas'> {
  readonly accessKeys: AccessKeys;
  /** At least 32 secret bytes, the same over restarts: page tokens are good for as long. */
  readonly pageTokenKey: Uint8Array;
  readonly logger: Logger;
  /** Decides what a caller may do; by default only root may do anything. */
  readonly isAllowed?: (request: AccessRequest) => boolean;
  /** The operations it answers; all of them by default. */
  readonly operations?: readonly Operation[];
}

/** The largest body any operation has use for is a list of 50 ARNs, or 50 tags: some 80 KiB when all of it is escaped. */
const MAX_BODY_BYTES = 256 * 1024;

/** Nothing is checked yet when access is: what is not an ARN may be as long as the body. */
const MAX_SHOWN_RESOURCE_LENGTH = 128;

/** The IVS API: `POST /<Operation>` and `/tags/{arn}`. Every other request is left to others. */
export function createControlApi(dependencies: ControlApiDependencies): HttpHandler {
  const api = new ControlApi(dependencies);
  return (request) => api.handle(request);
}

class ControlApi {
  readonly #routes: Routes;
  readonly #services: Omit<ControlContext, 'tenant'>;
  readonly #verifier: SigV4Verifier;
  readonly #accessKeys: AccessKeys;
  readonly #logger: Logger;
  readonly #isAllowed: (request: AccessRequest) => boolean;

  constructor(dependencies: ControlApiDependencies) {
    const { store, live, clock, random, endpoints, quotas } = dependencies;
    const pageTokens = new PageTokens(dependencies.pageTokenKey);
    const callRates = new CallRates(clock);
    this.#services = { store, live, clock, random, endpoints, quotas, callRates, pageTokens };
    this.#routes = new Routes(dependencies.operations ?? OPERATIONS);
    this.#accessKeys = dependencies.accessKeys;
    this.#verifier = new SigV4Verifier({
      service: 'ivs',
      secretOf: (id) => this.#accessKeys.find(id)?.secretAccessKey,
    });
    this.#logger = dependencies.logger;
    this.#isAllowed = dependencies.isAllowed ?? isAllowed;
  }

  handle(request: HttpRequest): HttpReply | Promise<HttpReply> | undefined {
    const route = this.#routes.find(request.method, request.path);
    if (!route) return undefined;
    const requestId = formatRequestId(this.#services.random(16));
    if (route.kind === 'operation') return this.#answer(route.operation, request, requestId);
    if (route.kind === 'wrong-method' && request.method === 'OPTIONS') {
      return preflightReply(route.methods, requestId);
    }
    return errorReply(
      toWire(new ApiError('UnknownOperationException', 'The operation is not known')),
      requestId,
    );
  }

  async #answer(operation: Operation, request: HttpRequest, requestId: string): Promise<HttpReply> {
    try {
      const body = await readBody(request);
      const { principal, region } = this.#authenticate(request, body);
      const raw = readInput(operation, { path: request.path, query: request.query, body });
      this.#authorize(principal, operation, raw);
      const input = validateInput(operation, raw);
      const tenant = { accountId: principal.accountId, region };
      const result = operation.run(input, { ...this.#services, tenant });
      const output = result instanceof Promise ? await result : result;
      return successReply(operation.status, output, requestId);
    } catch (error) {
      return this.#refuse(operation, requestId, error);
    }
  }

  #authenticate(request: HttpRequest, body: Uint8Array): { principal: Principal; region: string } {
    const verdict = this.#verifier.verify(request, body, this.#services.clock.nowMs());
    if (!verdict.ok) throw new ApiError(verdict.error, verdict.message);
    const key = this.#accessKeys.find(verdict.accessKeyId);
    if (!key) throw new ApiError('UnrecognizedClientException', 'The access key is gone');
    const { accountId, isRoot } = key;
    const name = isRoot ? 'root' : `user/${verdict.accessKeyId}`;
    const principal = { accountId, isRoot, arn: `arn:aws:iam::${accountId}:${name}` };
    return { principal, region: verdict.region };
  }

  #authorize(principal: Principal, operation: Operation, raw: Record<string, unknown>): void {
    const action = `ivs:${operation.name}`;
    const resources = resourcesOf(raw);
    if (this.#isAllowed({ principal, action, resources })) return;
    throw new ApiError(
      'AccessDeniedException',
      `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resources[0]?.slice(0, MAX_SHOWN_RESOURCE_LENGTH)}`,
    );
  }

  #refuse(operation: Operation, requestId: string, error: unknown): HttpReply {
    const fields = { requestId, operation: operation.name };
    if (error instanceof ApiError) {
      this.#logger.debug(
        { ...fields, error: error.name, reason: error.message },
        'API call refused',
      );
      return errorReply(toWire(error), requestId);
    }
    this.#logger.error({ ...fields, err: error }, 'API call failed');
    const name = operation.errors.includes('InternalServerException')
      ? 'InternalServerException'
      : 'InternalFailure';
    return errorReply(toWire(new ApiError(name, 'Internal server error')), requestId);
  }
}

async function readBody(request: HttpRequest): Promise<Uint8Array> {
  try {
    return await request.body(MAX_BODY_BYTES);
  } catch (error) {
    if (error instanceof BodyTooLarge) {
      throw new ApiError(
        'RequestEntityTooLargeException',
        `The request body is larger than ${MAX_BODY_BYTES} bytes`,
      );
    }
    throw new ApiError('MalformedHttpRequestException', 'The request body did not arrive');
  }
}

/** What the request names, as a policy would: nothing of it is checked yet. */
function resourcesOf(raw: Record<string, unknown>): readonly string[] {
  const named = raw['arn'] ?? raw['channelArn'] ?? raw['resourceArn'] ?? raw['arns'];
  const texts = (Array.isArray(named) ? named : [named]).filter((arn) => typeof arn === 'string');
  return texts.length > 0 ? texts : ['*'];
}

function toWire({ name, status, message }: ApiError) {
  return { name, status, message };
}
