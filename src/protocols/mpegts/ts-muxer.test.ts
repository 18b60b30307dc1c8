import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TRACKS } from '../../../test/support/media.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { encodeId3Tag } from '../id3.ts';
import { START_OF_STREAM, type TsPosition } from './packet-sequence.ts';
import { STREAM_PIDS } from './program-tables.ts';
import { type ReadPes, readTransportStream, splitAdts, splitAnnexB } from './testing/ts-reader.ts';
import { CLOCK_LEAD_TICKS, TIME_OFFSET_TICKS } from './timestamp.ts';
import { type TsAudioSample, TsMuxer, type TsPart, type TsVideoSample } from './ts-muxer.ts';

const MODULUS = 2 ** 33;
const FRAME_TICKS = 3000;
/** At 48 kHz. */
const SOUND_TICKS = 1920;

const onTheWire = (ticks: number) => (((ticks + TIME_OFFSET_TICKS) % MODULUS) + MODULUS) % MODULUS;

const video = (dtsTicks: number, options: Partial<TsVideoSample> = {}): TsVideoSample => ({
  dtsTicks,
  ptsTicks: dtsTicks,
  isRandomAccess: false,
  payload: accessUnit(100),
  ...options,
});

const audio = (ptsTicks: number, byteLength = 100): TsAudioSample => ({
  ptsTicks,
  payload: new Uint8Array(byteLength).fill(0x21),
});

const part = (options: Partial<TsPart>): TsPart => ({
  video: [],
  audio: [],
  metadata: [],
  isDiscontinuous: false,
  ...options,
});

/** One slice of so many bytes with its length before it. */
function accessUnit(byteLength: number, type = 0x41): Buffer {
  const bytes = Buffer.alloc(4 + byteLength, 0x55);
  bytes.writeUInt32BE(byteLength);
  if (byteLength > 0) bytes[4] = type;
  return bytes;
}

function encodeAll(muxer: TsMuxer, parts: readonly TsPart[]): Buffer {
  let position: TsPosition = START_OF_STREAM;
  const all = parts.map((each) => {
    const { byteLength, next } = muxer.measure(each, position);
    const bytes = muxer.encode(each, position);
    assert.equal(bytes.byteLength, byteLength);
    position = next;
    return bytes;
  });
  return Buffer.concat(all);
}

const read = (parts: readonly TsPart[], muxer = new TsMuxer(TRACKS)) =>
  readTransportStream(encodeAll(muxer, parts));

const on = (stream: keyof typeof STREAM_PIDS, pes: readonly ReadPes[]) =>
  pes.filter(({ pid }) => pid === STREAM_PIDS[stream]);

/** Sizes around the ends of packets, and beyond what PES_packet_length can say. */
const sizes = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 800 }) },
  { weight: 1, arbitrary: fc.integer({ min: 65_480, max: 65_560 }) },
);
const units = fc.array(
  fc.record({ size: sizes, type: fc.constantFrom(0x41, 0x65, 0x06, 0x67, 0x68, 0x09) }),
  { minLength: 1, maxLength: 4 },
);
/** Decoding times that go on, with a pause now and then. */
const steps = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 9_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 9_001, max: 100_000 }) },
);
const pictures = fc.array(
  fc.record({
    step: steps,
    reorder: fc.integer({ min: 0, max: 4 }),
    isRandomAccess: fc.boolean(),
    units,
  }),
  { maxLength: 4 },
);
const sounds = fc.array(
  fc.record({
    size: fc.integer({ min: 0, max: 8184 }),
    jitter: fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: -45, max: 45 }) },
      { weight: 1, arbitrary: fc.constant(4000) },
    ),
  }),
  { maxLength: 12 },
);
const tags = fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 2 });
const descriptions = fc.array(
  fc.record({
    pictures,
    sounds,
    tags,
    isDiscontinuous: fc.boolean(),
    hasVideo: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);
const startTicks = fc.oneof(
  fc.constant(0),
  fc.integer({ min: MODULUS - 1_000_000, max: MODULUS + 1000 }),
  fc.integer({ min: 0, max: 2 ** 40 }),
);
const streams = fc.record({ descriptions, startTicks }).map((stream): TsPart[] => {
  let ticks = stream.startTicks;
  return stream.descriptions.map((each) => {
    const start = ticks;
    const shown = (each.hasVideo ? each.pictures : []).map((picture): TsVideoSample => {
      const dtsTicks = ticks;
      ticks += picture.step;
      return {
        dtsTicks,
        ptsTicks: dtsTicks + picture.reorder * FRAME_TICKS,
        isRandomAccess: picture.isRandomAccess,
        payload: Buffer.concat(picture.units.map(({ size, type }) => accessUnit(size, type))),
      };
    });
    let soundTicks = start;
    const heard = each.sounds.map(({ size, jitter }) => {
      const sample = audio(soundTicks + jitter, size);
      soundTicks += SOUND_TICKS + (jitter > 45 ? jitter : 0);
      return sample;
    });
    ticks = Math.max(ticks, soundTicks) + 1;
    return {
      video: shown,
      audio: heard,
      metadata: each.tags.map((id3) => ({ ptsTicks: start, id3 })),
      isDiscontinuous: each.isDiscontinuous,
    };
  });
});

test('encode() writes what measure() says, and a strict reader finds every sample in it', () => {
  fc.assert(
    fc.property(streams, (parts) => {
      const { pes } = read(parts);

      const samples = parts.flatMap((each) => each.video);
      assert.deepEqual(
        on('video', pes).map(({ pts, dts, isRandomAccess, isAligned }) => {
          return { pts, dts: dts ?? pts, isRandomAccess, isAligned };
        }),
        samples.map(({ ptsTicks, dtsTicks, isRandomAccess }) => ({
          pts: onTheWire(ptsTicks),
          dts: onTheWire(dtsTicks),
          isRandomAccess,
          isAligned: true,
        })),
      );
      for (const [i, { payload, dts, pts }] of on('video', pes).entries()) {
        assert.notEqual(dts, pts, 'a DTS only where it differs');
        const written = splitAnnexB(payload);
        assert.equal(written[0]!.toString('hex'), '09f0');
        assert.ok(written.slice(1).every((unit) => unit[0] !== 0x09));
        const source = unitsOf(samples[i]!.payload).filter((unit) => unit[0] !== 0x09);
        assert.deepEqual(written.slice(written.length - source.length), source);
      }

      const frames: { pts: number; frame: Buffer }[] = [];
      for (const { pts, payload } of on('audio', pes)) {
        for (const [i, { frame }] of splitAdts(payload).entries()) {
          frames.push({ pts: pts + i * SOUND_TICKS, frame });
        }
      }
      const heard = parts.flatMap((each) => each.audio);
      assert.deepEqual(
        frames.map(({ frame }) => frame),
        heard.map(({ payload }) => Buffer.from(payload)),
      );
      for (const [i, { pts }] of frames.entries()) {
        const off = pts - onTheWire(heard[i]!.ptsTicks);
        assert.ok(Math.abs(off) <= 90 || Math.abs(off) >= MODULUS - 90, `off by ${off}`);
      }

      assert.deepEqual(
        on('metadata', pes).map(({ pts, payload }) => [pts, payload]),
        parts.flatMap(({ metadata }) =>
          metadata.map(({ ptsTicks, id3 }) => [onTheWire(ptsTicks), Buffer.from(id3)]),
        ),
      );
    }),
  );
});

function unitsOf(payload: Uint8Array): Buffer[] {
  const bytes = Buffer.from(payload);
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > at + 4) found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return found;
}

const muxerOf = (clockStream: 'video' | 'audio') =>
  clockStream === 'video' ? new TsMuxer(TRACKS) : new TsMuxer({ audio: TRACKS.audio });
const clockStreams = fc.constantFrom('video' as const, 'audio' as const);

test('the program clock goes on in steps of at most 100 ms, also over parts without its stream', () => {
  fc.assert(
    fc.property(streams, clockStreams, (parts, clockStream) => {
      const { packets, programs } = read(parts, muxerOf(clockStream));
      let last: number | undefined;
      for (const { clockPid } of programs) assert.equal(clockPid, STREAM_PIDS[clockStream]);
      for (const { clock, isDiscontinuous, pid } of packets) {
        if (clock === undefined) continue;
        assert.equal(pid, STREAM_PIDS[clockStream]);
        if (last !== undefined && !isDiscontinuous) {
          const step = (clock - last + MODULUS * 300) % (MODULUS * 300);
          assert.ok(step > 0 && step <= 2_700_000, `a step of ${step / 27_000} ms`);
        }
        last = clock;
      }
    }),
  );
});

test('every part begins with PAT, PMT and a program clock reference', () => {
  fc.assert(
    fc.property(streams, clockStreams, (parts, clockStream) => {
      const muxer = muxerOf(clockStream);
      let position: TsPosition = START_OF_STREAM;
      for (const each of parts) {
        const bytes = muxer.encode(each, position);
        position = muxer.measure(each, position).next;
        const { packets } = readTransportStream(bytes);
        assert.deepEqual([packets[0]!.pid, packets[1]!.pid], [0, 0x1000]);
        if (packets.length > 2) assert.notEqual(packets[2]!.clock, undefined);
      }
    }),
  );
});

test('encode() gives the same bytes whenever it is asked', () => {
  const muxer = new TsMuxer(TRACKS);
  const each = part({ video: [video(0, { isRandomAccess: true })], audio: [audio(0)] });
  const { next } = muxer.measure(each, START_OF_STREAM);
  const second = muxer.encode(each, next);
  muxer.encode(each, START_OF_STREAM);
  assert.deepEqual(muxer.encode(each, next), second);
});

test('the first clock is not negative, and a constant lead behind decoding', () => {
  const { pes } = read([part({ video: [video(0), video(3000, { ptsTicks: 9000 })] })]);
  assert.deepEqual(
    pes.map(({ clock, pts, dts }) => (dts ?? pts) - clock),
    [CLOCK_LEAD_TICKS, CLOCK_LEAD_TICKS],
  );
  assert.ok(pes[0]!.clock >= 0);
});

test('a part without pictures has its clock in a packet of its own', () => {
  const { packets } = read([
    part({ video: [video(0)] }),
    part({ audio: [audio(3000)] }),
    part({ video: [video(6000)] }),
  ]);
  const clocks = packets.filter(({ clock }) => clock !== undefined);
  assert.deepEqual(
    clocks.map(({ payload }) => payload !== undefined),
    [true, false, true],
  );
});

test('a pause of the pictures is filled with clocks, one longer than ten seconds is not', () => {
  const clocksAfter = (pauseTicks: number) => {
    const { packets } = read([part({ video: [video(0)] }), part({ video: [video(pauseTicks)] })]);
    return packets.filter(({ clock }) => clock !== undefined).length;
  };
  assert.equal(clocksAfter(9_000), 2);
  assert.equal(clocksAfter(9_001), 3);
  assert.equal(clocksAfter(45_000), 6);
  assert.equal(clocksAfter(900_001), 2);
});

test('the clock goes forward where sound lies far behind the pictures before it', () => {
  const { packets } = read([
    part({ video: [video(900_000)] }),
    part({ audio: [audio(0)] }),
    part({ video: [video(903_000)] }),
  ]);
  const clocks = packets.flatMap(({ clock }) => (clock === undefined ? [] : [clock / 300]));
  assert.deepEqual(
    clocks.map((clock) => clock - clocks[0]!),
    [0, 1, 3000],
  );
});

test('a discontinuity is told in the first packet of each stream, and fills nothing', () => {
  const id3 = encodeId3Tag([{ kind: 'TXXX', description: 'a', value: 'b' }]);
  const full = (ticks: number, isDiscontinuous: boolean) =>
    part({
      video: [video(ticks), video(ticks + 3000)],
      audio: [audio(ticks), audio(ticks + 20_000)],
      metadata: [
        { ptsTicks: ticks, id3 },
        { ptsTicks: ticks, id3 },
      ],
      isDiscontinuous,
    });
  const { packets, pes } = read([full(90_000, false), full(0, true), full(6000, false)]);
  assert.equal(packets.filter(({ isDiscontinuous }) => isDiscontinuous).length, 3);
  assert.equal(packets.filter(({ clock }) => clock !== undefined).length, 6);
  for (const stream of ['video', 'audio', 'metadata'] as const) {
    assert.deepEqual(
      on(stream, pes).map(({ isDiscontinuous }) => isDiscontinuous),
      [false, false, true, false, false, false],
    );
  }
});

test('a discontinuity of a part without pictures is told with its clock', () => {
  const { packets } = read([
    part({ video: [video(90_000)] }),
    part({ audio: [audio(0)], isDiscontinuous: true }),
  ]);
  const broken = packets.filter(({ isDiscontinuous }) => isDiscontinuous);
  assert.deepEqual(
    broken.map(({ pid, clock }) => [pid, clock]),
    [
      [STREAM_PIDS.video, (TIME_OFFSET_TICKS - CLOCK_LEAD_TICKS) * 300],
      [STREAM_PIDS.audio, undefined],
    ],
  );
});

test('a discontinuity of a part without samples is told in the next part', () => {
  const { packets } = read([
    part({ video: [video(0)] }),
    part({ isDiscontinuous: true }),
    part({ video: [video(90_000)] }),
    part({ video: [video(93_000)] }),
  ]);
  const clocks = packets.filter(({ clock }) => clock !== undefined);
  assert.deepEqual(
    clocks.map(({ isDiscontinuous }) => isDiscontinuous),
    [false, true, false],
  );
});

test('sound is one PES packet a part, with the time of its first frame', () => {
  const frames = Array.from({ length: 9 }, (_, n) => audio(700 + n * SOUND_TICKS));
  const { pes } = read([part({ video: [video(0)], audio: frames })]);
  assert.deepEqual(
    on('audio', pes).map(({ pts, payload }) => [pts, splitAdts(payload).length]),
    [[onTheWire(700), 9]],
  );
});

test('sound goes on in another PES packet after a gap, and where one would be too long', () => {
  const gap = [audio(0), audio(SOUND_TICKS), audio(2 * SOUND_TICKS + 91)];
  const long = Array.from({ length: 9 }, (_, n) => audio(n * SOUND_TICKS, 8184));
  const counts = (frames: TsAudioSample[]) =>
    on('audio', read([part({ audio: frames })]).pes).map(({ pts, payload }) => [
      pts - TIME_OFFSET_TICKS,
      splitAdts(payload).length,
    ]);
  assert.deepEqual(counts(gap), [
    [0, 2],
    [2 * SOUND_TICKS + 91, 1],
  ]);
  assert.deepEqual(counts(long), [
    [0, 7],
    [7 * SOUND_TICKS, 2],
  ]);
});

test('pictures state their length where 16 bits can say it', () => {
  // Header behind the length, delimiter and start code: 8 + 6 + 4 bytes.
  const fits = 65_535 - 18;
  const { pes } = read([
    part({
      video: [
        video(0, { payload: accessUnit(fits) }),
        video(3000, { payload: accessUnit(fits + 1) }),
      ],
    }),
  ]);
  assert.deepEqual(
    pes.map(({ statedLength }) => statedLength),
    [65_535, 0],
  );
});

test('a stream without sound lists and writes none', () => {
  const muxer = new TsMuxer({ video: TRACKS.video });
  const { pes, programs } = read([part({ video: [video(0)], audio: [audio(0)] })], muxer);
  assert.deepEqual(
    programs.map(({ streams }) => streams.map(({ streamType }) => streamType)),
    [[0x1b, 0x15]],
  );
  assert.deepEqual(on('audio', pes), []);
});

test('a stream of sound lists and writes no pictures, and a strict reader finds every sound in it', () => {
  fc.assert(
    fc.property(streams, (parts) => {
      const { pes, programs } = read(parts, muxerOf('audio'));
      for (const { streams: listed } of programs) {
        assert.deepEqual(
          listed.map(({ streamType }) => streamType),
          [0x0f, 0x15],
        );
      }
      const frames = on('audio', pes).flatMap(({ payload }) => splitAdts(payload));
      assert.deepEqual(
        frames.map(({ frame }) => frame),
        parts.flatMap((each) => each.audio).map(({ payload }) => Buffer.from(payload)),
      );
      const tags = parts.flatMap((each) => each.metadata);
      assert.equal(on('metadata', pes).length, tags.length);
      assert.equal(pes.length, on('audio', pes).length + tags.length);
    }),
  );
});

test('a stream of sound has its clock with sound, and no packets of the clock alone', () => {
  const sound = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => audio(Math.round((from + n) * SOUND_TICKS)));
  const id3 = encodeId3Tag([{ kind: 'TXXX', description: 'a', value: 'b' }]);
  const metadata = [{ ptsTicks: 0, id3 }];
  const { packets, pes } = read(
    [part({ audio: sound(0, 16), metadata }), part({ audio: sound(16, 31) })],
    muxerOf('audio'),
  );
  const clocks = packets.filter(({ clock }) => clock !== undefined);
  assert.ok(clocks.every(({ startsUnit }) => startsUnit));
  assert.deepEqual(
    on('audio', pes).map(({ payload }) => splitAdts(payload).length),
    [4, 4, 4, 4, 4, 4, 4, 3],
  );
  assert.deepEqual(
    on('audio', pes).map(({ pts, clock }) => pts - clock),
    Array(8).fill(CLOCK_LEAD_TICKS),
  );
  assert.equal(pes[1]!.pid, STREAM_PIDS.metadata);
});

test('decoding can start with the first sound of each part of a stream of sound, of no other', () => {
  const parts = [0, 1].map((n) =>
    part({
      video: [video(n * 20_000)],
      audio: Array.from({ length: 9 }, (_, i) => audio(n * 20_000 + i * SOUND_TICKS)),
    }),
  );
  const marks = (muxer: TsMuxer) =>
    on('audio', read(parts, muxer).pes).map(({ isRandomAccess }) => isRandomAccess);
  assert.deepEqual(marks(muxerOf('audio')), [true, false, false, true, false, false]);
  assert.deepEqual(marks(muxerOf('video')), [false, false]);
});

test('a part of metadata alone, in a stream of sound, has its clock in a packet of its own', () => {
  const id3 = encodeId3Tag([{ kind: 'TXXX', description: 'a', value: 'b' }]);
  const { packets } = read(
    [part({ audio: [audio(0)] }), part({ metadata: [{ ptsTicks: 3000, id3 }] })],
    muxerOf('audio'),
  );
  const clocks = packets.filter(({ clock }) => clock !== undefined);
  assert.deepEqual(
    clocks.map(({ pid, payload }) => [pid, payload !== undefined]),
    [
      [STREAM_PIDS.audio, true],
      [STREAM_PIDS.audio, false],
    ],
  );
});

test('a discontinuity of a stream of sound is told with its first sound', () => {
  const { packets } = read(
    [part({ audio: [audio(90_000)] }), part({ audio: [audio(0)], isDiscontinuous: true })],
    muxerOf('audio'),
  );
  const broken = packets.filter(({ isDiscontinuous }) => isDiscontinuous);
  assert.deepEqual(
    broken.map(({ pid, clock, startsUnit }) => [pid, clock, startsUnit]),
    [[STREAM_PIDS.audio, (TIME_OFFSET_TICKS - CLOCK_LEAD_TICKS) * 300, true]],
  );
});

test('measure() says how long a part is, whatever its access units are', () => {
  const muxer = new TsMuxer(TRACKS);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (payload, isRandomAccess) => {
      const each = part({ video: [video(0, { payload, isRandomAccess })] });
      const { byteLength } = muxer.measure(each, START_OF_STREAM);
      assert.equal(muxer.encode(each, START_OF_STREAM).byteLength, byteLength);
    }),
  );
});

test('measure() refuses sound and metadata that no PES packet can hold', () => {
  const muxer = new TsMuxer(TRACKS);
  const measure = (each: TsPart) => muxer.measure(each, START_OF_STREAM);
  assert.throws(() => measure(part({ audio: [audio(0, 8185)] })), ProtocolViolation);
  const tag = (byteLength: number) => [{ ptsTicks: 0, id3: new Uint8Array(byteLength) }];
  assert.throws(() => measure(part({ metadata: tag(65_528) })), RangeError);
  assert.equal(
    readTransportStream(muxer.encode(part({ metadata: tag(65_527) }), START_OF_STREAM)).pes[0]!
      .statedLength,
    65_535,
  );
});
