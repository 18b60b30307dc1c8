import { ByteReader } from '../lib/byte-reader.ts';
import { ByteWriter } from '../lib/byte-writer.ts';
import type { SecondsRun } from './ports.ts';
import type { Statistics, TimedStatistics } from './statistics.ts';

export const SECOND_MS = 1000;
export const SECONDS_A_MINUTE = 60;

/** How a run's points are laid out. */
const Layout = {
  /** A value a second, NaN where there was none. */
  values: 1,
  /** Sample count, sum, minimum and maximum a second; a count of 0 where there was none. */
  statistics: 2,
} as const;

const FIELDS = 4;

/** The seconds of one minute, each with the statistics of its values. */
export class Seconds {
  readonly #fields = new Float64Array(FIELDS * SECONDS_A_MINUTE);

  add(second: number, value: number): void {
    const fields = this.#fields;
    const at = second * FIELDS;
    const count = fields[at] ?? 0;
    fields[at] = count + 1;
    fields[at + 1] = (fields[at + 1] ?? 0) + value;
    fields[at + 2] = count === 0 ? value : Math.min(fields[at + 2] ?? value, value);
    fields[at + 3] = count === 0 ? value : Math.max(fields[at + 3] ?? value, value);
  }

  /** From the first second that has a value to the last one; `undefined` where none has. `minuteMs`: when the minute began. */
  encode(minuteMs: number): SecondsRun | undefined {
    let first = -1;
    let last = -1;
    let isPlain = true;
    for (let second = 0; second < SECONDS_A_MINUTE; second++) {
      const count = this.#fields[second * FIELDS] ?? 0;
      if (count === 0) continue;
      if (first === -1) first = second;
      last = second;
      if (count > 1) isPlain = false;
    }
    if (first === -1) return undefined;
    const writer = new ByteWriter(1 + (last + 1 - first) * 8 * (isPlain ? 1 : FIELDS));
    writer.u8(isPlain ? Layout.values : Layout.statistics);
    for (let second = first; second <= last; second++) this.#write(writer, second, isPlain);
    return { startMs: minuteMs + first * SECOND_MS, points: writer.finish() };
  }

  #write(writer: ByteWriter, second: number, isPlain: boolean): void {
    const at = second * FIELDS;
    const count = this.#fields[at] ?? 0;
    const sum = this.#fields[at + 1] ?? 0;
    if (isPlain) writer.f64(count === 0 ? Number.NaN : sum);
    else {
      const [minimum, maximum] = [this.#fields[at + 2] ?? 0, this.#fields[at + 3] ?? 0];
      writer.f64(count).f64(sum).f64(minimum).f64(maximum);
    }
  }
}

/** Each second of a run that has a value. Throws ProtocolViolation where the bytes are not what `encode` makes. */
export function decodeSeconds({ startMs, points }: SecondsRun): readonly TimedStatistics[] {
  const reader = new ByteReader(points);
  const isPlain = reader.u8() === Layout.values;
  const seconds: TimedStatistics[] = [];
  for (let atMs = startMs; reader.remaining > 0; atMs += SECOND_MS) {
    const statistics = isPlain ? single(reader.f64()) : readStatistics(reader);
    if (statistics.sampleCount > 0) seconds.push({ startMs: atMs, statistics });
  }
  return seconds;
}

function single(value: number): Statistics {
  const sampleCount = Number.isNaN(value) ? 0 : 1;
  return { sampleCount, sum: value, minimum: value, maximum: value };
}

function readStatistics(reader: ByteReader): Statistics {
  return {
    sampleCount: reader.f64(),
    sum: reader.f64(),
    minimum: reader.f64(),
    maximum: reader.f64(),
  };
}
