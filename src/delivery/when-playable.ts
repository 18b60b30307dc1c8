import type { Clock } from '../lib/clock.ts';
import type { HttpRequest } from '../lib/http.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import type { Waiter } from '../packaging/window-waiters.ts';
import type { StreamOnAir } from './on-air.ts';

/** How long a viewer who is early waits for segments to begin with. The longest that IVS's keyframe interval of 6 s needs, twice. */
const START_TIMEOUT_MS = 12_000;

/** How long the first rendition waits for those that come a moment later: a transcoder is a few frames behind its source. */
const LADDER_TIMEOUT_MS = 500;

/**
 * Latency mode NORMAL: what a player must find before it begins. "A client SHOULD NOT choose a segment that starts less than three
 * target durations from the end" (RFC 8216 6.3.3). hls.js (1.7.4) does where there is nothing earlier, and then reloads at the very
 * moment at which the next segment is due: each time that it is a millisecond early it waits for half a segment more, and stalls.
 */
const NORMAL_START_SEGMENTS = 3;

/** Whether a viewer who asks now can be told of everything at once. `wantsAudioOnly`: of the sound by itself, too. */
export function isReady(stream: StreamOnAir, wantsAudioOnly: boolean): boolean {
  return (
    !wantsAudioOnly &&
    isPlayable(stream) &&
    lateRenditions(stream).length === 0 &&
    windowTooShort(stream) === undefined
  );
}

/**
 * Waits for the first segment, or in latency mode NORMAL the first three, and for what a player would otherwise never hear of: it
 * reads the multivariant playlist once. After 12 s it resolves with whether there is anything to play.
 */
export function whenPlayable(
  stream: StreamOnAir,
  request: HttpRequest,
  { wantsAudioOnly, clock }: { readonly wantsAudioOnly: boolean; readonly clock: Clock },
): Promise<boolean> {
  const playable = async (): Promise<boolean> => {
    if (!(await stream.whenPlayable())) return false;
    if (wantsAudioOnly) {
      stream.addAudioOnly();
      const window = stream.windows.find(({ hasPicture }) => !hasPicture);
      if (window?.isPlayable === false) {
        await waitForNextSegment(window).outcome;
      }
    }
    await whenLadderIsThere(stream, clock);
    await whenLongEnough(stream);
    return true;
  };
  return new Promise((resolve, reject) => {
    const cancel = clock.after(START_TIMEOUT_MS, () => resolve(isPlayable(stream)));
    request.onClose(cancel);
    playable().then(resolve, reject).finally(cancel);
  });
}

async function whenLadderIsThere(stream: StreamOnAir, clock: Clock): Promise<void> {
  const waiters = lateRenditions(stream).map(waitForNextSegment);
  if (waiters.length === 0) return;
  const timeout = Promise.withResolvers<void>();
  const cancel = clock.after(LADDER_TIMEOUT_MS, timeout.resolve);
  await Promise.race([timeout.promise, Promise.all(waiters.map(({ outcome }) => outcome))]);
  cancel();
  for (const waiter of waiters) waiter.cancel();
}

const waitForNextSegment = (window: LiveWindow): Waiter =>
  window.waitForPlaylist(window.nextMsn, undefined);

const isPlayable = (stream: StreamOnAir): boolean =>
  stream.windows.some((window) => window.isPlayable);

/** Or until its window gives up waiting: nothing has come for three target durations. */
async function whenLongEnough(stream: StreamOnAir): Promise<void> {
  for (;;) {
    const window = windowTooShort(stream);
    if (!window || (await waitForNextSegment(window).outcome) !== 'available') return;
  }
}

/** What a viewer has to wait for whom no rendition has enough to begin with yet. */
function windowTooShort({ windows }: StreamOnAir): LiveWindow | undefined {
  const isLongEnough = ({ isLowLatency, isEnded, listedSegments }: LiveWindow) =>
    isLowLatency || isEnded || listedSegments.length >= NORMAL_START_SEGMENTS;
  return windows.some(isLongEnough) ? undefined : windows.find((window) => window.isPlayable);
}

/** Renditions that are about to have their first segment. One that does not come with the leader's first is not waited for. */
function lateRenditions({ windows, hasAudioOnly }: StreamOnAir): readonly LiveWindow[] {
  const late = windows.filter(
    (window) => !window.isPlayable && (window.hasPicture || hasAudioOnly),
  );
  if (late.length === 0) return late;
  const isBeginning = windows.every((window) => window.listedSegments.length <= 1);
  return isBeginning ? late : [];
}
