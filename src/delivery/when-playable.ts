import type { Clock } from '../lib/clock.ts';
import type { HttpRequest } from '../lib/http.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import type { StreamOnAir } from './on-air.ts';

/** How long a viewer who is early waits for the first segment. The longest that IVS's keyframe interval of 6 s needs, twice. */
const START_TIMEOUT_MS = 12_000;

/** How long the first rendition waits for those that come a moment later: a transcoder is a few frames behind its source. */
const LADDER_TIMEOUT_MS = 500;

/** Whether a viewer who asks now can be told of everything at once. `wantsAudioOnly`: of the sound by itself, too. */
export function isReady(stream: StreamOnAir, wantsAudioOnly: boolean): boolean {
  return !wantsAudioOnly && isPlayable(stream) && lateRenditions(stream).length === 0;
}

/**
 * Waits for the first segment, and for what a player would otherwise never hear of: it reads the multivariant playlist once.
 * Resolves false where there is nothing to play within 12 s.
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
        await window.waitForPlaylist(window.nextMsn, undefined).outcome;
      }
    }
    await whenLadderIsThere(stream, clock);
    return true;
  };
  return new Promise((resolve, reject) => {
    const cancel = clock.after(START_TIMEOUT_MS, () => resolve(isPlayable(stream)));
    request.onClose(cancel);
    playable().then(resolve, reject).finally(cancel);
  });
}

async function whenLadderIsThere(stream: StreamOnAir, clock: Clock): Promise<void> {
  const waiters = lateRenditions(stream).map((window) =>
    window.waitForPlaylist(window.nextMsn, undefined),
  );
  if (waiters.length === 0) return;
  const timeout = Promise.withResolvers<void>();
  const cancel = clock.after(LADDER_TIMEOUT_MS, timeout.resolve);
  await Promise.race([timeout.promise, Promise.all(waiters.map(({ outcome }) => outcome))]);
  cancel();
  for (const waiter of waiters) waiter.cancel();
}

const isPlayable = (stream: StreamOnAir): boolean =>
  stream.windows.some((window) => window.isPlayable);

/** Renditions that are about to have their first segment. One that does not come with the leader's first is not waited for. */
function lateRenditions({ windows, hasAudioOnly }: StreamOnAir): readonly LiveWindow[] {
  const late = windows.filter(
    (window) => !window.isPlayable && (window.hasPicture || hasAudioOnly),
  );
  if (late.length === 0) return late;
  const isBeginning = windows.every((window) => window.listedSegments.length <= 1);
  return isBeginning ? late : [];
}
