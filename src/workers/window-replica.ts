import { assert } from '../lib/assert.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import { Part } from '../packaging/segment.ts';
import type { AboutWindow } from './window-messages.ts';

/** Does to a window in a worker what the main thread tells of its own. `payload` is the window's from here on. */
export function tellReplica(window: LiveWindow, message: AboutWindow, payload: Uint8Array): void {
  switch (message.kind) {
    case 'generation':
      window.beginGeneration(payload.byteLength > 0 ? payload : undefined);
      return;
    case 'segment':
      window.beginSegment(message);
      return;
    case 'part': {
      const { durationTicks, isIndependent, byteLength } = message;
      const encode = () => {
        assert(payload.byteLength === byteLength, 'its bytes are here');
        return payload;
      };
      const encodable = { byteLength, encode, release() {} };
      window.appendPart(
        new Part({ index: window.nextPart, durationTicks, isIndependent, encodable }),
      );
      return;
    }
    case 'complete': {
      const { timing, description } = message.playable;
      window.completeSegment(message.durationTicks, timing, () => description);
      return;
    }
    case 'gap':
      window.completeGap(message.durationTicks);
      return;
    case 'interruption':
      window.interrupt();
      return;
    case 'end':
      window.end();
  }
}
