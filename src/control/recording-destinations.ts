import type { RecordingConfigurationRecord } from '../domain/recording-configuration.ts';
import type { Logger } from '../lib/logger.ts';
import type { ControlStore, RecordingBuckets } from './ports.ts';

/**
 * Finds out whether new recording configurations can be used: takes them from CREATING to ACTIVE, or to CREATE_FAILED. A check
 * that a crash cut off is done again at the next start: `resume`.
 */
export class RecordingDestinations implements AsyncDisposable {
  readonly #store: Pick<
    ControlStore,
    'recordingConfigurations' | 'creatingRecordingConfigurations'
  >;
  readonly #buckets: RecordingBuckets;
  readonly #logger: Logger;
  readonly #checks = new Set<Promise<void>>();
  #isStopped = false;

  constructor(options: {
    readonly store: Pick<
      ControlStore,
      'recordingConfigurations' | 'creatingRecordingConfigurations'
    >;
    readonly buckets: RecordingBuckets;
    readonly logger: Logger;
  }) {
    this.#store = options.store;
    this.#buckets = options.buckets;
    this.#logger = options.logger;
  }

  /** Begins the check of a configuration in state CREATING; its end shows in the record. */
  check(configuration: RecordingConfigurationRecord): void {
    const check = this.#settle(configuration)
      .catch((error: unknown) => {
        this.#logger.error(
          { recordingConfiguration: configuration.arn, err: error },
          'cannot write the state of a recording configuration',
        );
      })
      .finally(() => this.#checks.delete(check));
    this.#checks.add(check);
  }

  /** Checks every configuration that is in state CREATING. */
  async resume(): Promise<void> {
    for (const configuration of await this.#store.creatingRecordingConfigurations()) {
      this.check(configuration);
    }
  }

  /** A check that fails from now on was cut off: the next start does it again. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Resolves when every check that has begun is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#checks);
  }

  async #settle({ arn, bucketName }: RecordingConfigurationRecord): Promise<void> {
    const state = await this.#buckets.probe(bucketName).then(
      () => 'ACTIVE' as const,
      (error: unknown) => {
        if (this.#isStopped) return undefined;
        this.#logger.warn(
          { recordingConfiguration: arn, bucket: bucketName, err: error },
          'the bucket of a recording configuration cannot be used',
        );
        return 'CREATE_FAILED' as const;
      },
    );
    if (state === undefined) return;
    await this.#store.recordingConfigurations.update(arn, (current) => ({ ...current, state }));
  }
}
