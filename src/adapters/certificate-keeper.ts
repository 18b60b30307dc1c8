import type { CancelTimer, Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import {
  loadSelfSignedCertificate,
  readTlsCertificate,
  type TlsCertificate,
  TlsCertificateError,
} from './tls-certificate.ts';
import { WatchedFile } from './watched-file.ts';

/** The operator's files, or the file of a certificate of our own for `hosts`. */
export type CertificateSource =
  | { readonly certificatePath: string; readonly keyPath: string }
  | { readonly ownPath: string; readonly hosts: readonly string[] };

export interface CertificateKeeperOptions {
  readonly source: CertificateSource;
  readonly clock: Clock;
  readonly log: Logger;
}

const DAY_MS = 86_400_000;
const CHECK_INTERVAL_MS = DAY_MS / 2;
/** Certificate and key are two files: whoever renews them writes one after the other. */
const SETTLE_MS = 1_000;
/** Renewal comes with a third of the validity left: with less than a fifth, and than two weeks, it has not. */
const EXPIRING_FRACTION = 1 / 5;
const EXPIRING_MS = 14 * DAY_MS;

/**
 * The certificate of every TLS port: follows the operator's files, makes our own anew in time, and warns before one expires.
 * A renewal that can't be used is logged, and what is in use stays.
 */
export class CertificateKeeper implements AsyncDisposable {
  readonly #options: CertificateKeeperOptions;
  readonly #resources = new DisposableStack();
  readonly #listeners: ((certificate: TlsCertificate) => void)[] = [];
  #certificate: TlsCertificate;
  #cancelRenewal: CancelTimer | undefined;
  #renewal = Promise.resolve();

  private constructor(options: CertificateKeeperOptions, certificate: TlsCertificate) {
    this.#options = options;
    this.#certificate = certificate;
  }

  /** Rejects with `TlsCertificateError` where there is nothing to begin with. */
  static async start(options: CertificateKeeperOptions): Promise<CertificateKeeper> {
    const { source, clock } = options;
    const keeper = new CertificateKeeper(options, await load(options));
    if ('certificatePath' in source) {
      await keeper.#watch(source.certificatePath);
      await keeper.#watch(source.keyPath);
    }
    keeper.#resources.defer(clock.every(CHECK_INTERVAL_MS, () => void keeper.renew()));
    keeper.#warnOfExpiry();
    return keeper;
  }

  get certificate(): TlsCertificate {
    return this.#certificate;
  }

  onRenewed(listener: (certificate: TlsCertificate) => void): void {
    this.#listeners.push(listener);
  }

  /** What timers and changes of the files do, one after the other: takes over what is there, if it is another and can be used. */
  renew(): Promise<void> {
    this.#renewal = this.#renewal.then(() => this.#renew());
    return this.#renewal;
  }

  async #renew(): Promise<void> {
    if (this.#resources.disposed) return;
    const { log } = this.#options;
    try {
      const found = await load(this.#options);
      if (this.#resources.disposed) return;
      if (found.cert !== this.#certificate.cert || found.key !== this.#certificate.key) {
        this.#certificate = found;
        for (const listener of this.#listeners) listener(found);
        log.info({ validUntil: dateOf(found.notAfterMs) }, 'took over a renewed TLS certificate');
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error({}, `the TLS certificate stays as it was: ${reason}`);
    }
    this.#warnOfExpiry();
  }

  /** Our own certificate may be being written just now. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelRenewal?.();
    this.#resources.dispose();
    await this.#renewal;
  }

  async #watch(path: string): Promise<void> {
    const { clock, log } = this.#options;
    const { file } = await WatchedFile.open({
      path,
      clock,
      onChange: () => this.#renewSoon(),
      onError: (error) => log.error({ path, err: error }, 'cannot read a file of the certificate'),
    }).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new TlsCertificateError(`cannot read ${path}: ${reason}`, { cause });
    });
    this.#resources.use(file);
  }

  #renewSoon(): void {
    this.#cancelRenewal?.();
    this.#cancelRenewal = this.#options.clock.after(SETTLE_MS, () => void this.renew());
  }

  #warnOfExpiry(): void {
    const { clock, log } = this.#options;
    const { notBeforeMs, notAfterMs } = this.#certificate;
    const leftMs = notAfterMs - clock.nowMs();
    const fields = { validUntil: dateOf(notAfterMs) };
    if (leftMs <= 0) log.error(fields, 'the TLS certificate has expired: clients refuse it');
    else if (leftMs < Math.min(EXPIRING_MS, (notAfterMs - notBeforeMs) * EXPIRING_FRACTION)) {
      log.warn(fields, 'the TLS certificate expires soon and was not renewed');
    }
  }
}

function load({ source, clock, log }: CertificateKeeperOptions): Promise<TlsCertificate> {
  if ('certificatePath' in source) return readTlsCertificate(source, clock);
  return loadSelfSignedCertificate(source.ownPath, source.hosts, clock, log);
}

const dateOf = (timeMs: number): string => new Date(timeMs).toISOString();
