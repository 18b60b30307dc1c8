import type { Ticks } from '../../lib/timescale.ts';
import { bytes, encodeBoxes, fullBox, nullTerminated, u32 } from './box.ts';

/** How a player is told that `messageData` is an ID3v2 tag. */
export const EventMessageScheme = {
  /** The IVS player reads no other. */
  twitchId3: 'urn:twitch:id3',
  /** Carriage of ID3 in CMAF (AOMedia), which hls.js, Shaka and Safari read. */
  aomId3: 'https://aomedia.org/emsg/ID3',
} as const;

/** When an event is for: the version of its box follows from how it is said. */
export type EventTime =
  /** Version 0: from the earliest presentation time of the segment that it stands in. Up to 2^32 - 1. */
  | { readonly presentationTimeDeltaTicks: Ticks }
  /** Version 1: on the timeline of the tracks. Not negative. */
  | { readonly presentationTimeTicks: Ticks };

export interface EventMessage {
  readonly schemeIdUri: string;
  readonly value: string;
  readonly timescale: number;
  readonly time: EventTime;
  /** 0xffffffff where the end is not known. */
  readonly eventDurationTicks: Ticks;
  /** Two messages of one scheme, value and id are the same event, told twice. Up to 2^32 - 1. */
  readonly id: number;
  readonly messageData: Uint8Array;
}

/**
 * An `emsg` box, ISO 23009-1 5.10.3.3; it stands before the `moof` of the part that the message belongs to. The IVS player
 * (1.56.1) passes over version 1. Throws `RangeError` when a string holds a zero byte.
 */
export function encodeEventMessage(message: EventMessage): Uint8Array {
  const { time } = message;
  const scheme = [nullTerminated(message.schemeIdUri), nullTerminated(message.value)];
  const timescale = u32(message.timescale);
  const rest = [u32(message.eventDurationTicks), u32(message.id)];
  const data = bytes(message.messageData);
  return encodeBoxes([
    'presentationTimeTicks' in time
      ? fullBox('emsg', 1, 0, [
          timescale,
          u32(Math.floor(time.presentationTimeTicks / 2 ** 32)), // presentation_time
          u32(time.presentationTimeTicks % 2 ** 32),
          ...rest,
          ...scheme,
          data,
        ])
      : fullBox('emsg', 0, 0, [
          ...scheme,
          timescale,
          u32(time.presentationTimeDeltaTicks), // presentation_time_delta
          ...rest,
          data,
        ]),
  ]);
}
