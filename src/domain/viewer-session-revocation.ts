/** The sessions of one viewer of one channel that must not go on, nor begin again. */
export interface ViewerSessionRevocation {
  readonly channelArn: string;
  /** The token's claim `aws:viewer-id`. */
  readonly viewerId: string;
  /** Tokens of this `aws:viewer-session-version` and all lower ones are revoked. */
  readonly versionsThrough: number;
}
