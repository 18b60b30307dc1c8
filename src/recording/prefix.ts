/**
 * `ivs/v1/<account>/<channel>/<year>/<month>/<day>/<hours>/<minutes>/<recording>`: UTC, and no number has leading zeros
 * (IVS, Record to Amazon S3, "S3 prefix").
 */
export function recordingPrefix(options: {
  readonly accountId: string;
  readonly channelId: string;
  readonly startedAtMs: number;
  readonly recordingId: string;
}): string {
  const at = new Date(options.startedAtMs);
  return [
    'ivs/v1',
    options.accountId,
    options.channelId,
    at.getUTCFullYear(),
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    options.recordingId,
  ].join('/');
}
