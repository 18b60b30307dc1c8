import type * as Sdk from '@aws-sdk/client-eventbridge';
import { DeliveryFailure } from '../domain/delivery-failure.ts';
import type { Envelope } from '../events/envelope.ts';
import type { EventTarget } from '../events/ports.ts';
import type { EventBridgeConfig } from '../events/target-file.ts';

const CONNECTION_TIMEOUT_MS = 5000;
const ANSWER_TIMEOUT_MS = 10_000;

/** Errors of the request, and of its one entry, that another attempt would meet again. */
const REFUSALS: ReadonlySet<string> = new Set([
  'InvalidArgument',
  'MalformedDetail',
  'NotAuthorizedForSource',
  'NotAuthorizedForSourceException',
  'ValidationException',
]);

/** An event bus of EventBridge, or of anything that speaks PutEvents. One request an event: a channel's are in order. */
export class EventBridgeTarget implements EventTarget {
  readonly #config: EventBridgeConfig;
  readonly #timeoutMs: number;
  #loading: Promise<Loaded> | undefined;

  /** `timeoutMs`: how long an answer may take. */
  constructor(config: EventBridgeConfig, timeoutMs = ANSWER_TIMEOUT_MS) {
    this.#config = config;
    this.#timeoutMs = timeoutMs;
  }

  async deliver(envelope: Envelope, abortSignal: AbortSignal): Promise<void> {
    const { eventBusName, source } = this.#config;
    const { sdk, client } = await this.#load();
    const entry: Sdk.PutEventsRequestEntry = {
      EventBusName: eventBusName,
      Source: source,
      DetailType: envelope['detail-type'],
      Detail: JSON.stringify(envelope.detail),
      Resources: [...envelope.resources],
      Time: new Date(envelope.time),
    };
    const { FailedEntryCount = 0, Entries = [] } = await client
      .send(new sdk.PutEventsCommand({ Entries: [entry] }), { abortSignal })
      .catch((cause: Sdk.EventBridgeServiceException) => {
        if (cause.$metadata?.httpStatusCode === undefined) {
          throw new Error(`event bus ${eventBusName} can not be reached: ${cause.message}`, {
            cause,
          });
        }
        throw failure(eventBusName, cause.name, cause.message, cause);
      });
    if (FailedEntryCount === 0) return;
    const [{ ErrorCode = 'unknown error', ErrorMessage = '' } = {}] = Entries;
    throw failure(eventBusName, ErrorCode, ErrorMessage);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const loaded = await this.#loading?.catch(() => undefined);
    loaded?.client.destroy();
  }

  #load(): Promise<Loaded> {
    this.#loading ??= load(this.#config, this.#timeoutMs);
    return this.#loading;
  }
}

function failure(bus: string, code: string, message: string, cause?: unknown): DeliveryFailure {
  return new DeliveryFailure(`event bus ${bus} answered ${code}: ${message}`, {
    isFinal: REFUSALS.has(code),
    cause,
  });
}

interface Loaded {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.EventBridgeClient;
}

/** For those who have a bus: it takes as much memory as the client of S3. */
async function load(
  { region, endpoint, credentials }: EventBridgeConfig,
  timeoutMs: number,
): Promise<Loaded> {
  const sdk = await import('@aws-sdk/client-eventbridge');
  const client = new sdk.EventBridgeClient({
    region,
    // Deliveries have their own retries, with pauses that grow further.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: timeoutMs,
      // Without it the SDK logs a warning and waits on.
      throwOnRequestTimeout: true,
    },
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
  });
  return { sdk, client };
}
