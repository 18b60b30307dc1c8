/** What a worker begins with. */
export interface WorkerSettings {
  readonly host: string;
  readonly httpPort: number;
  /** Absent: none. */
  readonly httpsPort: number | undefined;
  readonly rtmpPort: number;
  readonly rtmpsPort: number;
  readonly certificate: WorkerCertificate;
  readonly logLevel: string;
}

/** PEM. */
export interface WorkerCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Topic `process`: the life of a worker. */
export type ToWorker =
  /** For the handshakes from now on. */
  | { readonly kind: 'certificate'; readonly certificate: WorkerCertificate }
  | { readonly kind: 'close' };

export type FromWorker =
  /** Its ports are open. */
  | { readonly kind: 'ready' }
  /** Every second. `replies`: how many of which status there were since the last time. */
  | {
      readonly kind: 'alive';
      readonly replies: readonly (readonly [status: number, count: number])[];
    };
