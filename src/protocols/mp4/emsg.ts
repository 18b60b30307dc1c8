import type { Ticks } from '../../lib/timescale.ts';
import { bytes, encodeBoxes, fullBox, nullTerminated, u32 } from './box.ts';

/** How a player is told that `messageData` is an ID3v2 tag. */
export const EventMessageScheme = {
  /** The IVS player reads no other. */
  twitchId3: 'urn:twitch:id3',
  /** Carriage of ID3 in CMAF (AOMedia), which hls.js, Shaka and Safari read. */
  aomId3: 'https://aomedia.org/emsg/ID3',
} as const;

export interface EventMessage {
  readonly schemeIdUri: string;
  readonly value: string;
  readonly timescale: number;
  /** From the earliest presentation time of the segment that the message stands in. Up to 2^32 - 1. */
  readonly presentationTimeDeltaTicks: Ticks;
  /** 0xffffffff where the end is not known. */
  readonly eventDurationTicks: Ticks;
  /** Two messages of one scheme, value and id are the same event, told twice. Up to 2^32 - 1. */
  readonly id: number;
  readonly messageData: Uint8Array;
}

/**
 * A version 0 `emsg` box, ISO 23009-1 5.10.3.3; it stands before the `moof` of the part that the message belongs to. Version 1,
 * with a time of its own, the IVS player (1.56.1) passes over. Throws `RangeError` when a string holds a zero byte.
 */
export function encodeEventMessage(message: EventMessage): Uint8Array {
  return encodeBoxes([
    fullBox('emsg', 0, 0, [
      nullTerminated(message.schemeIdUri), // scheme_id_uri
      nullTerminated(message.value), // value
      u32(message.timescale), // timescale
      u32(message.presentationTimeDeltaTicks), // presentation_time_delta
      u32(message.eventDurationTicks), // event_duration
      u32(message.id), // id
      bytes(message.messageData), // message_data
    ]),
  ]);
}
