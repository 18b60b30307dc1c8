import assert from 'node:assert/strict';

/** A box of ISO 14496-12 4.2. `start` is where its content begins, `offset` where the box does. */
interface Box {
  readonly type: string;
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

/** One sample of a fragment as a player reads it. */
export interface ReadSample {
  readonly dtsTicks: number;
  readonly ptsTicks: number;
  readonly durationTicks: number;
  readonly isSync: boolean;
  readonly bytes: Buffer;
}

export interface ReadFragment {
  /** By track id: 1 is video, 2 audio. */
  readonly tracks: ReadonlyMap<number, readonly ReadSample[]>;
  /** Types of the boxes before `moof`. */
  readonly leading: readonly string[];
}

/** All boxes between `start` and `end`, which they must fill exactly. */
export function* boxes(bytes: Buffer, start = 0, end = bytes.byteLength): Generator<Box> {
  let at = start;
  while (at < end) {
    assert.ok(at + 8 <= end, `a box header at ${at} crosses the end at ${end}`);
    const size = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    assert.ok(
      size >= 8 && at + size <= end,
      `box ${type} at ${at} of ${size} bytes ends behind ${end}`,
    );
    yield { type, offset: at, start: at + 8, end: at + size };
    at += size;
  }
}

/**
 * Reads media segments with nothing of the project's own writer: every moof with the mdat that follows it. Throws where boxes do not
 * fit into each other.
 */
export function readFragments(bytes: Buffer): ReadFragment[] {
  const fragments: ReadFragment[] = [];
  let leading: string[] = [];
  for (const box of boxes(bytes)) {
    if (box.type === 'moof') {
      fragments.push({ tracks: readMoof(bytes, box), leading });
      leading = [];
    } else if (box.type !== 'mdat') leading.push(box.type);
  }
  return fragments;
}

function readMoof(bytes: Buffer, moof: Box): ReadonlyMap<number, readonly ReadSample[]> {
  const tracks = new Map<number, ReadSample[]>();
  for (const traf of boxes(bytes, moof.start, moof.end)) {
    if (traf.type !== 'traf') continue;
    const { trackId, samples } = readTraf(bytes, traf, moof.offset);
    tracks.set(trackId, samples);
  }
  return tracks;
}

function readTraf(bytes: Buffer, traf: Box, moofOffset: number) {
  let trackId = 0;
  let dtsTicks = 0;
  const defaults = { duration: 0, size: 0, flags: 0 };
  const samples: ReadSample[] = [];
  for (const { type, start } of boxes(bytes, traf.start, traf.end)) {
    let at = start + 4;
    const flags = bytes.readUInt32BE(start) & 0xff_ffff;
    const u32 = () => {
      at += 4;
      return bytes.readUInt32BE(at - 4);
    };
    if (type === 'tfhd') {
      trackId = u32();
      if (flags & 0x1) at += 8;
      if (flags & 0x2) at += 4;
      if (flags & 0x8) defaults.duration = u32();
      if (flags & 0x10) defaults.size = u32();
      if (flags & 0x20) defaults.flags = u32();
    } else if (type === 'tfdt') {
      dtsTicks = bytes[start] === 1 ? Number(bytes.readBigUInt64BE(at)) : u32();
    } else if (type === 'trun') {
      const count = u32();
      let dataAt = moofOffset + (flags & 0x1 ? bytes.readInt32BE((at += 4) - 4) : 0);
      const firstFlags = flags & 0x4 ? u32() : undefined;
      for (let i = 0; i < count; i++) {
        const durationTicks = flags & 0x100 ? u32() : defaults.duration;
        const size = flags & 0x200 ? u32() : defaults.size;
        const ownFlags = flags & 0x400 ? u32() : defaults.flags;
        const sampleFlags = i === 0 && firstFlags !== undefined ? firstFlags : ownFlags;
        const offset = flags & 0x800 ? u32() | 0 : 0;
        assert.ok(dataAt + size <= bytes.byteLength, `sample ${i} ends behind its segment`);
        samples.push({
          dtsTicks,
          ptsTicks: dtsTicks + offset,
          durationTicks,
          isSync: (sampleFlags & 0x1_0000) === 0,
          bytes: bytes.subarray(dataAt, dataAt + size),
        });
        dataAt += size;
        dtsTicks += durationTicks;
      }
    }
  }
  return { trackId, samples };
}

/** Types of the NAL units of an access unit with lengths of four bytes (ISO 14496-10 7.4.1). */
export function nalTypes(accessUnit: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + 4 < accessUnit.byteLength; at += 4 + accessUnit.readUInt32BE(at)) {
    types.push(accessUnit[at + 4]! & 0x1f);
  }
  return types;
}

export const IDR = 5;
