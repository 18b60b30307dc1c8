import type { Ticks } from '../../lib/timescale.ts';
import {
  FieldFlag,
  PACKET_BYTES,
  packetCount,
  patchContinuityCounter,
  spreadOverPackets,
  writeFieldPacket,
} from './packet.ts';
import { STREAM_PIDS, type StreamName, TABLE_PACKETS } from './program-tables.ts';
import { MAX_CLOCK_INTERVAL_TICKS } from './timestamp.ts';

/** Where in a stream of packets a part begins: what it takes over from the parts before it. */
export interface TsPosition {
  /** continuity_counter of the next packet with a payload (ISO 13818-1 2.4.3.3), 0 to 15. */
  readonly continuityCounters: Readonly<Record<StreamName | 'tables', number>>;
  /** The newest program clock reference; none at the beginning. */
  readonly clockTicks?: Ticks;
  /** The timeline broke with a part that had no packet to tell it in. */
  readonly isDiscontinuous: boolean;
}

export const START_OF_STREAM: TsPosition = {
  continuityCounters: { tables: 0, video: 0, audio: 0, metadata: 0 },
  isDiscontinuous: false,
};

/** What a stream may pause without a discontinuity. A longer step of the clock is not filled with packets. */
const LONGEST_FILLED_PAUSE_TICKS = 10 * 90_000;

/** A PES packet that the sequence takes. */
export interface SequencePes {
  readonly stream: StreamName;
  readonly byteLength: number;
  /** Decoding can start with it. */
  readonly isRandomAccess: boolean;
  /** The program clock as it begins; for the stream that has the clock. */
  readonly clockTicks?: Ticks | undefined;
}

/**
 * The packets of one part, one after the other. With `bytes` it writes them there; without, it only counts: the same
 * calls come to the same position.
 */
export class PacketSequence {
  readonly #bytes: Uint8Array | undefined;
  readonly #clockStream: StreamName;
  readonly #counters: Record<StreamName | 'tables', number>;
  /** Which streams have not had their first packet after a discontinuity. */
  readonly #isBroken: Record<StreamName, boolean>;
  #clockTicks: Ticks | undefined;
  #at = 0;

  constructor(options: {
    readonly position: TsPosition;
    readonly isDiscontinuous: boolean;
    /** On whose PID the clock is. */
    readonly clockStream: StreamName;
    readonly bytes: Uint8Array | undefined;
  }) {
    const { position } = options;
    const isDiscontinuous = options.isDiscontinuous || position.isDiscontinuous;
    this.#bytes = options.bytes;
    this.#clockStream = options.clockStream;
    this.#counters = { ...position.continuityCounters };
    this.#isBroken = { video: isDiscontinuous, audio: isDiscontinuous, metadata: isDiscontinuous };
    this.#clockTicks = isDiscontinuous ? undefined : position.clockTicks;
  }

  get byteLength(): number {
    return this.#at;
  }

  /** Where the next part begins. */
  get position(): TsPosition {
    const continuityCounters = this.#counters;
    const isDiscontinuous = this.#isBroken[this.#clockStream];
    return this.#clockTicks === undefined
      ? { continuityCounters, isDiscontinuous }
      : { continuityCounters, isDiscontinuous, clockTicks: this.#clockTicks };
  }

  /** `packets`: of `programTables`. */
  tables(packets: Uint8Array): void {
    const start = this.#reserve(TABLE_PACKETS);
    const counter = this.#count('tables', 1);
    if (!this.#bytes) return;
    this.#bytes.set(packets, start);
    for (let at = start; at < this.#at; at += PACKET_BYTES) {
      patchContinuityCounter(this.#bytes, at, counter);
    }
  }

  /** A clock reference in a packet of its own. */
  clock(clockTicks: Ticks): void {
    this.#clockPacket(this.#advanceClock(clockTicks));
  }

  /** Calls `write` with the place of the PES packet, if there is anything to write to. */
  pes(pes: SequencePes, write: (bytes: Uint8Array, at: number) => void): void {
    const { stream, byteLength } = pes;
    const clockTicks = pes.clockTicks === undefined ? 0 : this.#advanceClock(pes.clockTicks);
    let flags = this.#discontinuityFlag(stream);
    if (pes.isRandomAccess) flags |= FieldFlag.randomAccess;
    if (pes.clockTicks !== undefined) flags |= FieldFlag.programClockReference;
    const count = packetCount(byteLength, flags);
    const start = this.#reserve(count);
    const continuityCounter = this.#count(stream, count);
    if (!this.#bytes) return;
    write(this.#bytes, this.#at - byteLength);
    const pid = STREAM_PIDS[stream];
    const spread = { byteLength, pid, continuityCounter, flags, clockTicks };
    spreadOverPackets(this.#bytes, start, this.#at, spread);
  }

  /** Steps to `target`, with packets on the way where it is far; at least one tick: a clock never stands. */
  #advanceClock(target: Ticks): Ticks {
    const newest = this.#clockTicks;
    let next = target;
    if (newest !== undefined) {
      if (target - newest <= LONGEST_FILLED_PAUSE_TICKS) {
        const step = MAX_CLOCK_INTERVAL_TICKS;
        for (let ticks = newest + step; ticks < target; ticks += step) this.#clockPacket(ticks);
      }
      next = Math.max(target, newest + 1);
    }
    this.#clockTicks = next;
    return next;
  }

  #clockPacket(clockTicks: Ticks): void {
    const at = this.#reserve(1);
    const stream = this.#clockStream;
    const flags = this.#discontinuityFlag(stream) | FieldFlag.programClockReference;
    if (!this.#bytes) return;
    writeFieldPacket(this.#bytes, at, {
      pid: STREAM_PIDS[stream],
      continuityCounter: (this.#counters[stream] + 15) & 0x0f,
      flags,
      clockTicks,
    });
  }

  #discontinuityFlag(stream: StreamName): number {
    const flag = this.#isBroken[stream] ? FieldFlag.discontinuity : 0;
    this.#isBroken[stream] = false;
    return flag;
  }

  #reserve(packets: number): number {
    const start = this.#at;
    this.#at += packets * PACKET_BYTES;
    return start;
  }

  /** The counter of the first of `packets` packets. */
  #count(stream: StreamName | 'tables', packets: number): number {
    const first = this.#counters[stream];
    this.#counters[stream] = (first + packets) & 0x0f;
    return first;
  }
}
