import type { Authenticator } from '../control/authentication.ts';
import { authorizeAction } from '../control/authorization.ts';
import { RequestIds } from '../control/request-ids.ts';
import { ApiError } from '../domain/errors.ts';
import type { RandomBytes } from '../domain/identifiers.ts';
import type { Clock } from '../lib/clock.ts';
import { ConcurrencyLimit } from '../lib/concurrency-limit.ts';
import {
  BodyTooLarge,
  type HttpHandler,
  type HttpReply,
  type HttpRequest,
  TooManyBodies,
} from '../lib/http.ts';
import type { Logger } from '../lib/logger.ts';
import { ProtocolViolation } from '../lib/protocol-violation.ts';
import { CloudWatchError, toWireError, type WireError } from './errors.ts';
import { getMetricData } from './get-metric-data.ts';
import { getMetricStatistics } from './get-metric-statistics.ts';
import { listMetrics } from './list-metrics.ts';
import type { CloudWatchContext, CloudWatchOperation } from './operation.ts';
import { validateCall } from './validation.ts';
import { type Call, isServicePath, WIRE_PROTOCOLS, type WireProtocol } from './wire-protocols.ts';

const OPERATIONS = new Map(
  [getMetricData, getMetricStatistics, listMetrics].map((operation) => [operation.name, operation]),
);

/** 500 queries of metrics with two dimensions, in the wordiest of the protocols, are 350 KB. */
const MAX_BODY_BYTES = 512 * 1024;

/** Each holds its points until they are written. */
const MAX_CALLS_AT_ONCE = 4;

interface CloudWatchDependencies extends Pick<CloudWatchContext, 'history'> {
  readonly clock: Clock;
  /** Of the service `monitoring`. */
  readonly authenticator: Authenticator;
  readonly random: RandomBytes;
  readonly logger: Logger;
  /** Called for every answer; `error`: by its name. */
  readonly onAnswered?: (operation: string, error: string | undefined) => void;
}

/** What CloudWatch's API says of IVS: read only, in the three protocols that its clients speak. */
export function createCloudWatchApi(dependencies: CloudWatchDependencies): HttpHandler {
  const api = new CloudWatchApi(dependencies);
  return (request) => {
    const protocol = WIRE_PROTOCOLS.find((one) => one.isSpokenBy(request));
    if (protocol) return api.answer(protocol, request).then(forAnyPage);
    return isPreflight(request) ? PREFLIGHT : undefined;
  };
}

/** Pages may call: what keeps others out is the signature. */
const ANY_PAGE = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'x-amzn-query-error,x-amzn-requestid',
};

/** The Fetch standard's, section 3.2.3; what the SDK sends in a browser. */
const PREFLIGHT: HttpReply = {
  status: 204,
  headers: {
    ...ANY_PAGE,
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers':
      'Authorization,Content-Type,Smithy-Protocol,X-Amz-Content-Sha256,X-Amz-Date,X-Amz-Security-Token,X-Amz-Target,X-Amz-User-Agent,X-Amzn-Query-Mode,amz-sdk-invocation-id,amz-sdk-request',
    'Access-Control-Max-Age': 600,
  },
};

const isPreflight = ({ method, path, headers }: HttpRequest): boolean =>
  method === 'OPTIONS' &&
  isServicePath(path) &&
  headers['access-control-request-method'] !== undefined;

const forAnyPage = (reply: HttpReply): HttpReply => ({
  ...reply,
  headers: { ...ANY_PAGE, 'Cache-Control': 'no-store', ...reply.headers },
});

class CloudWatchApi {
  readonly #services: CloudWatchDependencies;
  readonly #requestIds: RequestIds;
  readonly #atOnce = new ConcurrencyLimit(MAX_CALLS_AT_ONCE);

  constructor(services: CloudWatchDependencies) {
    this.#services = services;
    this.#requestIds = new RequestIds(services.random);
  }

  async answer(protocol: WireProtocol, request: HttpRequest): Promise<HttpReply> {
    const { authenticator, history, clock, onAnswered } = this.#services;
    const requestId = this.#requestIds.next();
    const signal = signalOf(request);
    let operation: CloudWatchOperation | undefined;
    try {
      const body = await readBody(request);
      const { principal, region } = authenticator.authenticate(request, body);
      const tenant = { accountId: principal.accountId, region };
      const call = readCall(protocol, request, body);
      const found = findOperation(call.operation);
      operation = found;
      const action = `cloudwatch:${found.name}`;
      authorizeAction({ principal, tenant, action, http: request }, clock);
      const input = validateCall(found, call.input);
      const { maxDatapoints } = protocol;
      const reply = await this.#atOnce.run(async () => {
        signal.throwIfAborted();
        const output = await found.run(input, { tenant, history, clock, maxDatapoints, signal });
        return protocol.success(found.name, output, requestId);
      });
      onAnswered?.(found.name, undefined);
      return reply;
    } catch (error) {
      const refusal = this.#refusal(error, requestId, operation?.name);
      if (operation) onAnswered?.(operation.name, refusal.name);
      return protocol.failure(refusal, requestId);
    }
  }

  #refusal(error: unknown, requestId: string, operation: string | undefined): WireError {
    const { logger } = this.#services;
    const fields = { requestId, ...(operation !== undefined && { operation }) };
    const wire = toWireError(error);
    if (wire) {
      const { name, message } = wire;
      logger.debug({ ...fields, error: name, reason: message }, 'CloudWatch call refused');
      return wire;
    }
    logger.error({ ...fields, err: error }, 'CloudWatch call failed');
    const fault = new CloudWatchError('InternalServiceFault', 'Internal server error');
    return { name: fault.name, code: 'InternalServiceError', status: 500, message: fault.message };
  }
}

/** Aborted when the client goes, with an error for the answer that nobody reads. */
function signalOf(request: HttpRequest): AbortSignal {
  const gone = new AbortController();
  request.onClose(() =>
    gone.abort(new CloudWatchError('RequestCanceled', 'The client has gone away')),
  );
  return gone.signal;
}

function findOperation(name: string): CloudWatchOperation {
  const operation = OPERATIONS.get(name);
  if (operation) return operation;
  throw new CloudWatchError(
    'UnknownOperationException',
    `The operation ${name.slice(0, 64)} is not one of ${[...OPERATIONS.keys()].join(', ')}`,
  );
}

function readCall(protocol: WireProtocol, request: HttpRequest, body: Uint8Array): Call {
  try {
    return protocol.readCall(request, body);
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error;
    throw new CloudWatchError('SerializationException', error.message);
  }
}

async function readBody(request: HttpRequest): Promise<Uint8Array> {
  try {
    return await request.body(MAX_BODY_BYTES);
  } catch (error) {
    if (error instanceof TooManyBodies) {
      throw new ApiError('ServiceUnavailable', 'Too many requests are being received');
    }
    const reason =
      error instanceof BodyTooLarge
        ? `The request body is larger than ${MAX_BODY_BYTES} bytes`
        : 'The request body did not arrive';
    throw new CloudWatchError('SerializationException', reason);
  }
}
