import { ApiError } from '../domain/errors.ts';
import type { Tenant } from '../domain/tenant.ts';
import {
  BodyTooLarge,
  type HttpHandler,
  type HttpReply,
  type HttpRequest,
  TooManyBodies,
} from '../lib/http.ts';
import type { Logger } from '../lib/logger.ts';
import { errorReply, preflightReply, successReply } from '../protocols/aws/rest-json.ts';
import type { Authenticator } from './authentication.ts';
import { authorize } from './authorization.ts';
import { CallRates, callRateExceeded } from './call-rates.ts';
import type { ControlContext } from './context.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operation-table.ts';
import { PageTokens } from './pagination.ts';
import { RequestIds } from './request-ids.ts';
import { InputReader } from './request-input.ts';
import { Routes } from './routes.ts';
import { validateInput } from './validation.ts';

export interface ControlApiDependencies
  extends Pick<
    ControlContext,
    'store' | 'live' | 'clock' | 'random' | 'endpoints' | 'quotas' | 'recordingDestinations'
  > {
  readonly authenticator: Authenticator;
  /** At least 32 secret bytes, the same over restarts: page tokens are good for as long. */
  readonly pageTokenKey: Uint8Array;
  readonly logger: Logger;
  /** Calls a second, by operation, for each account in each region; those that are not named are not counted. */
  readonly callsPerSecond?: Readonly<Record<string, number>>;
  /** Called for every answer; `error`: by its name. */
  readonly onAnswered?: (operation: string, error: string | undefined) => void;
  /** The operations it answers; all of them by default. */
  readonly operations?: readonly Operation[];
}

/** The largest body any operation has use for is a list of 50 ARNs, or 50 tags: some 80 KiB when all of it is escaped. */
const MAX_BODY_BYTES = 256 * 1024;

/** The IVS API: `POST /<Operation>` and `/tags/{arn}`. It answers every request: ask it last. */
export function createControlApi(dependencies: ControlApiDependencies): HttpHandler {
  const api = new ControlApi(dependencies);
  return (request) => api.handle(request);
}

class ControlApi {
  readonly #routes: Routes;
  readonly #inputs = new InputReader();
  readonly #services: Omit<ControlContext, 'tenant' | 'deniedArns'>;
  readonly #authenticator: Authenticator;
  readonly #callsPerSecond: ReadonlyMap<string, number>;
  readonly #requestIds: RequestIds;
  readonly #logger: Logger;
  readonly #onAnswered: (operation: string, error: string | undefined) => void;

  constructor(dependencies: ControlApiDependencies) {
    const { store, live, clock, random, endpoints, quotas, recordingDestinations } = dependencies;
    const pageTokens = new PageTokens(dependencies.pageTokenKey);
    const callRates = new CallRates(clock);
    this.#services = {
      store,
      live,
      clock,
      random,
      endpoints,
      quotas,
      callRates,
      pageTokens,
      recordingDestinations,
    };
    this.#routes = new Routes(dependencies.operations ?? OPERATIONS);
    this.#authenticator = dependencies.authenticator;
    this.#callsPerSecond = new Map(Object.entries(dependencies.callsPerSecond ?? {}));
    this.#requestIds = new RequestIds(random);
    this.#logger = dependencies.logger;
    this.#onAnswered = dependencies.onAnswered ?? (() => {});
  }

  handle(request: HttpRequest): HttpReply | Promise<HttpReply> {
    const route = this.#routes.find(request.method, request.path);
    const requestId = this.#requestIds.next();
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
      const { principal, region } = this.#authenticator.authenticate(request, body);
      const tenant = { accountId: principal.accountId, region };
      this.#countCall(operation.name, tenant);
      const raw = this.#inputs.read(operation, { path: request.path, query: request.query, body });
      const access = { principal, tenant, operationName: operation.name, raw, http: request };
      const verdict = authorize(access, this.#services);
      const deniedArns = verdict instanceof Promise ? await verdict : verdict;
      const input = validateInput(operation, raw);
      const result = operation.run(input, { ...this.#services, tenant, deniedArns });
      const output = result instanceof Promise ? await result : result;
      this.#onAnswered(operation.name, undefined);
      return successReply(operation.status, output, requestId);
    } catch (error) {
      const refusal = this.#refusal(operation, requestId, error);
      this.#onAnswered(operation.name, refusal.name);
      return errorReply(toWire(refusal), requestId);
    }
  }

  #countCall(operationName: string, { accountId, region }: Tenant): void {
    const rate = this.#callsPerSecond.get(operationName);
    if (rate === undefined) return;
    if (this.#services.callRates.take(`${operationName} ${accountId} ${region}`, rate)) return;
    throw callRateExceeded(operationName, rate, `account: ${accountId}`);
  }

  #refusal(operation: Operation, requestId: string, error: unknown): ApiError {
    const fields = { requestId, operation: operation.name };
    if (error instanceof ApiError) {
      this.#logger.debug(
        { ...fields, error: error.name, reason: error.message },
        'API call refused',
      );
      return error;
    }
    this.#logger.error({ ...fields, err: error }, 'API call failed');
    const name = operation.errors.includes('InternalServerException')
      ? 'InternalServerException'
      : 'InternalFailure';
    return new ApiError(name, 'Internal server error');
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
    if (error instanceof TooManyBodies) {
      throw new ApiError('ServiceUnavailable', 'Too many requests are being received');
    }
    throw new ApiError('MalformedHttpRequestException', 'The request body did not arrive');
  }
}

function toWire({ name, status, message }: ApiError) {
  return { name, status, message };
}
