export interface UnreadableFileFacts {
  readonly path: string;
  /** As the system names it: `ENOENT`. */
  readonly reason: string;
  /** What was in it is gone. Else another attempt may do. */
  readonly isLost: boolean;
}

/** A file that was to be sent somewhere can't be read: the place it was to go to has no part in it. */
export class UnreadableFile extends Error implements UnreadableFileFacts {
  override name = 'UnreadableFile';
  readonly path: string;
  readonly reason: string;
  readonly isLost: boolean;

  constructor({ path, reason, isLost }: UnreadableFileFacts) {
    super(`cannot read ${path}: ${reason}`);
    this.path = path;
    this.reason = reason;
    this.isLost = isLost;
  }
}
