/** Codes of IVS's event `Stream Takeover Failure`. */
export type TakeoverFailure =
  | 'StreamTakeoverInvalidPriority'
  | 'StreamTakeoverMediaMismatch'
  | 'StreamTakeoverLimitBreached';

/** "1 to 2,147,483,647" (IVS, stream takeover). */
const MAX_PRIORITY = 2 ** 31 - 1;

/** "Stream takeovers: 100 for each stream" (IVS service quotas). */
const MAX_TAKEOVERS = 100;

/** What an encoder asked for by `?priority=N`; `undefined` where it did not, `invalid` where N is out of range. */
export function readPriority(text: string | undefined): number | 'invalid' | undefined {
  if (text === undefined) return undefined;
  const priority = /^[0-9]{1,10}$/.test(text) ? Number(text) : 0;
  return priority >= 1 && priority <= MAX_PRIORITY ? priority : 'invalid';
}

/** Why an encoder may not take over from one with priority `running`, or with none. */
export function judgeTakeover(
  asked: number | 'invalid',
  { running, takeovers }: { readonly running: number | undefined; readonly takeovers: number },
): Exclude<TakeoverFailure, 'StreamTakeoverMediaMismatch'> | undefined {
  if (asked === 'invalid' || (running !== undefined && asked <= running)) {
    return 'StreamTakeoverInvalidPriority';
  }
  return takeovers >= MAX_TAKEOVERS ? 'StreamTakeoverLimitBreached' : undefined;
}
