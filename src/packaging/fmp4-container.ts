import { assert } from '../lib/assert.ts';
import type { Ticks } from '../lib/timescale.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';
import { EventMessageScheme, encodeEventMessage } from '../protocols/mp4/emsg.ts';
import { initSegment } from '../protocols/mp4/init-segment.ts';
import { encodePartHeader, type FragmentTrack } from '../protocols/mp4/media-segment.ts';
import type {
  MeasuredPart,
  PartContainer,
  PartContent,
  PartMetadata,
  RenditionTracks,
  Sample,
} from './part-container.ts';

const VIDEO_TRACK_ID = 1;
const AUDIO_TRACK_ID = 2;

/** Fragmented MP4: a part is one fragment, its video run first. */
export class Fmp4Container implements PartContainer {
  readonly hasSampleDurations = true;
  /** "in increasing order" over the whole of a presentation (ISO 14496-12 8.8.5.1). */
  #sequenceNumber = 1;

  begin({ video, audio }: RenditionTracks): Uint8Array {
    return initSegment({
      ...(video && { video: { ...video, trackId: VIDEO_TRACK_ID } }),
      ...(audio && { audio: { ...audio, trackId: AUDIO_TRACK_ID } }),
    });
  }

  part({ startTicks, video, audio, metadata }: PartContent): MeasuredPart {
    const tracks: FragmentTrack[] = [];
    if (video.length > 0) tracks.push(trackRun(VIDEO_TRACK_ID, video));
    if (audio.length > 0) tracks.push(trackRun(AUDIO_TRACK_ID, audio));
    const header = encodePartHeader({ sequenceNumber: this.#sequenceNumber++, tracks });
    const head = [...metadata.flatMap((tag) => eventMessages(tag, startTicks)), header];
    const byteLength = totalByteLength(head) + totalByteLength(video) + totalByteLength(audio);
    return {
      byteLength,
      encode: (same) =>
        joined([...head, ...same.video.map(payloadOf), ...same.audio.map(payloadOf)], byteLength),
    };
  }
}

/** For the IVS player, which reads no other scheme and no other version than 0; and for everyone else, who reads no such scheme. */
function eventMessages({ id, ptsTicks, id3 }: PartMetadata, startTicks: Ticks): Uint8Array[] {
  const { twitchId3, aomId3 } = EventMessageScheme;
  const message = {
    value: '',
    timescale: VIDEO_TIMESCALE,
    eventDurationTicks: 0,
    // Same scheme, value and id would be the same event told again (ISO 23009-1 5.10.3.3.4).
    id,
    messageData: id3,
  };
  return [
    encodeEventMessage({
      ...message,
      schemeIdUri: twitchId3,
      // In a segment of many fragments, that player counts from the fragment behind the message.
      time: { presentationTimeDeltaTicks: ptsTicks - startTicks },
    }),
    encodeEventMessage({
      ...message,
      schemeIdUri: aomId3,
      time: { presentationTimeTicks: ptsTicks },
    }),
  ];
}

function trackRun(trackId: number, samples: readonly Sample[]): FragmentTrack {
  const [first] = samples;
  assert(first !== undefined, 'a run has samples');
  return { trackId, baseMediaDecodeTimeTicks: first.startTicks, samples };
}

/** In memory of its own: a small part cut from Node's pool would keep 64 KiB of it for as long as it is in its window. */
function joined(chunks: readonly Uint8Array[], byteLength: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(byteLength);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  assert(offset === byteLength, 'a part is as long as it was measured');
  return bytes;
}

const payloadOf = (sample: Sample): Uint8Array => sample.payload;

function totalByteLength(parts: readonly { readonly byteLength: number }[]): number {
  let sum = 0;
  for (const { byteLength } of parts) sum += byteLength;
  return sum;
}
