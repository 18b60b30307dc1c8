import type { RejectionCode } from './publishing.ts';

/** The encoder sent media that Ivory does not take. Thrown where it is seen, caught by the session. */
export class IngestRejection extends Error {
  override name = 'IngestRejection';
  readonly code: Exclude<RejectionCode, 'protocol-violation'>;

  /** `detail`: what was sent and what would be taken, for the encoder's user. */
  constructor(code: IngestRejection['code'], detail: string) {
    super(detail);
    this.code = code;
  }
}
