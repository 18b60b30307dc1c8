import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CHANNEL_TYPES, type ChannelRecord, TRANSCODE_PRESETS } from './channel.ts';
import {
  isFasterThan,
  type LadderSource,
  nominalBps,
  planAudioOnly,
  planLadder,
  type RenditionPlan,
  type VideoEncoding,
} from './ladder.ts';

type Channel = Pick<ChannelRecord, 'type' | 'preset'>;

const BASIC: Channel = { type: 'BASIC', preset: '' };
const STANDARD: Channel = { type: 'STANDARD', preset: '' };
const HD: Channel = { type: 'ADVANCED_HD', preset: 'HIGHER_BANDWIDTH_DELIVERY' };
const HD_CONSTRAINED: Channel = { type: 'ADVANCED_HD', preset: 'CONSTRAINED_BANDWIDTH_DELIVERY' };
const SD: Channel = { type: 'ADVANCED_SD', preset: 'HIGHER_BANDWIDTH_DELIVERY' };
const SD_CONSTRAINED: Channel = { type: 'ADVANCED_SD', preset: 'CONSTRAINED_BANDWIDTH_DELIVERY' };

/** `1920x1080p60` */
function sourceOf(text: string): LadderSource {
  const [width = 0, height = 0, framesPerSecond = 0] = text.split(/[xp]/).map(Number);
  return { width, height, framesPerSecond, hasAudio: true };
}

/** `720p60: 1280x720 1/1 3400k, audio source` */
function show({ name, video, audio }: RenditionPlan): string {
  const picture =
    typeof video === 'object'
      ? `${video.width}x${video.height} 1/${video.keepOneFrameIn} ${video.bitrateBps / 1000}k`
      : (video ?? 'no video');
  const sound =
    typeof audio === 'object' ? `audio ${audio.bitrateBps / 1000}k` : `audio ${audio ?? 'none'}`;
  return `${name}: ${picture}, ${sound}`;
}

function shows(channel: Channel, source: string, expected: readonly string[]): void {
  const { type, preset } = channel;
  test(`planLadder() of ${type} ${preset} for ${source}`, () => {
    assert.deepEqual(planLadder(channel, sourceOf(source)).map(show), expected);
  });
}

const encodingsOf = (plans: readonly RenditionPlan[]): readonly VideoEncoding[] =>
  plans.flatMap(({ video }) => (typeof video === 'object' ? video : []));

describe('the table of channel types', () => {
  const from60 = [
    '480p30: 852x480 1/2 1400k, audio source',
    '360p30: 640x360 1/2 630k, audio 64k',
    '160p30: 284x160 1/2 230k, audio 48k',
  ];
  const from30 = from60.map((line) => line.replace('1/2', '1/1'));
  const p720p60 = '720p60: 1280x720 1/1 3400k, audio source';
  const p720p30 = '720p30: 1280x720 1/1 2400k, audio source';

  shows(STANDARD, '1920x1080p60', ['1080p60: source, audio source', p720p60, ...from60]);
  shows(STANDARD, '1920x1080p30', ['1080p30: source, audio source', p720p30, ...from30]);
  shows(STANDARD, '1600x900p60', ['900p60: source, audio source', p720p60, ...from60]);
  shows(STANDARD, '1600x900p30', ['900p30: source, audio source', p720p30, ...from30]);
  shows(STANDARD, '1280x720p60', [p720p60, ...from60]);
  shows(STANDARD, '1280x720p30', [p720p30, ...from30]);
  shows(STANDARD, '1024x576p60', from60);
  shows(STANDARD, '1024x576p30', from30);
  // A source in the size of a row keeps it, to the pixel.
  const kept = (lines: readonly string[]) => lines.map((line) => line.replace('852x', '854x'));
  shows(STANDARD, '854x480p60', kept(from60));
  shows(STANDARD, '854x480p30', kept(from30));

  for (const source of ['1920x1080p60', '640x480p25', '256x144p15']) {
    const [, height, rate] = source.split(/[xp]/);
    shows(BASIC, source, [`${height}p${rate}: source, audio source`]);
  }

  const hd = {
    '720p60': '720p60: 1280x720 1/1 3000k, audio 128k',
    '720p30': '720p30: 1280x720 1/1 2300k, audio 128k',
    lower: [
      '480p30: 852x480 1/1 1300k, audio 128k',
      '360p30: 640x360 1/1 700k, audio 64k',
      '160p30: 284x160 1/1 270k, audio 48k',
      'audio_only: no video, audio 64k',
    ],
  };
  const constrained = {
    '720p60': '720p60: 1280x720 1/1 2200k, audio 128k',
    '720p30': '720p30: 1280x720 1/1 1900k, audio 128k',
    lower: [
      '480p30: 852x480 1/1 800k, audio 128k',
      '360p30: 640x360 1/1 400k, audio 64k',
      '160p30: 284x160 1/1 220k, audio 48k',
      'audio_only: no video, audio 64k',
    ],
  };
  const halved = (lines: readonly string[]) => lines.map((line) => line.replace('1/1', '1/2'));
  for (const [high, low, table] of [
    [HD, SD, hd],
    [HD_CONSTRAINED, SD_CONSTRAINED, constrained],
  ] as const) {
    for (const size of ['1920x1080', '1600x900', '1280x720']) {
      shows(high, `${size}p60`, [table['720p60'], ...halved(table.lower)]);
      shows(high, `${size}p30`, [table['720p30'], ...table.lower]);
      shows(low, `${size}p60`, halved(table.lower));
      shows(low, `${size}p30`, table.lower);
    }
    const own = table['720p30'].replace('720p30: 1280x720', '576p30: 1024x576');
    shows(high, '1024x576p60', halved([own, ...table.lower]));
    shows(high, '1024x576p30', [own, ...table.lower]);
    shows(low, '1024x576p30', table.lower);
    for (const channel of [high, low]) {
      shows(channel, '854x480p60', halved(kept(table.lower)));
      shows(channel, '854x480p30', kept(table.lower));
    }
  }
});

describe('sources below the table', () => {
  const p360 = '360p30: 640x360 1/1 630k, audio 64k';
  const p160 = '160p30: 284x160 1/1 230k, audio 48k';
  shows(STANDARD, '768x432p30', ['432p30: source, audio source', p360, p160]);
  shows(STANDARD, '640x360p30', [p360, p160]);
  shows(STANDARD, '426x240p30', [
    '240p30: source, audio source',
    '160p30: 284x160 1/1 230k, audio 48k',
  ]);
  shows(STANDARD, '284x160p30', [p160]);
  shows(STANDARD, '256x144p30', ['144p30: source, audio source']);

  const audioOnly = 'audio_only: no video, audio 64k';
  const sd = ['360p30: 640x360 1/1 700k, audio 64k', '160p30: 284x160 1/1 270k, audio 48k'];
  for (const channel of [HD, SD]) {
    const top = '432p30: 768x432 1/1 1300k, audio 128k';
    shows(channel, '768x432p30', [top, ...sd, audioOnly]);
    shows(channel, '640x360p30', [...sd, audioOnly]);
    shows(channel, '384x216p30', [
      '216p30: 384x216 1/1 700k, audio 64k',
      '160p30: 284x160 1/1 270k, audio 48k',
      audioOnly,
    ]);
    shows(channel, '284x160p30', ['160p30: 284x160 1/1 270k, audio 48k', audioOnly]);
    shows(channel, '256x144p30', ['144p30: 256x144 1/1 270k, audio 48k', audioOnly]);
  }
  shows(HD_CONSTRAINED, '256x144p30', ['144p30: 256x144 1/1 220k, audio 48k', audioOnly]);
});

describe('pictures that are not 16:9', () => {
  shows(STANDARD, '1080x1920p60', [
    '1080p60: source, audio source',
    '720p60: 720x1280 1/1 3400k, audio source',
    '480p30: 480x852 1/2 1400k, audio source',
    '360p30: 360x640 1/2 630k, audio 64k',
    '160p30: 160x284 1/2 230k, audio 48k',
  ]);
  shows(SD, '1440x1080p30', [
    '480p30: 640x480 1/1 1300k, audio 128k',
    '360p30: 480x360 1/1 700k, audio 64k',
    '160p30: 212x160 1/1 270k, audio 48k',
    'audio_only: no video, audio 64k',
  ]);
  shows(STANDARD, '1080x1080p30', [
    '1080p30: source, audio source',
    '720p30: 720x720 1/1 2400k, audio source',
    '480p30: 480x480 1/1 1400k, audio source',
    '360p30: 360x360 1/1 630k, audio 64k',
    '160p30: 160x160 1/1 230k, audio 48k',
  ]);
});

test('planLadder() counts the rates of NTSC and of sloppy clocks as the whole ones beside them', () => {
  const nameOfTop = (framesPerSecond: number) =>
    planLadder(STANDARD, { width: 1280, height: 720, framesPerSecond, hasAudio: true })[0]?.name;
  for (const rate of [15, 24, 25, 29.97, 30, 30.02, 1000 / 33]) {
    assert.equal(nameOfTop(rate), '720p30', `${rate}`);
  }
  for (const rate of [48, 50, 59.94, 60, 60.02]) assert.equal(nameOfTop(rate), '720p60', `${rate}`);
  assert.equal(isFasterThan(60.06, 60), false);
  assert.equal(isFasterThan(72, 60), true);
});

test('planLadder() thins frames to at most the nominal rate, evenly', () => {
  const rates = (framesPerSecond: number) =>
    encodingsOf(
      planLadder(HD, { width: 1280, height: 720, framesPerSecond, hasAudio: true }),
    ).flatMap((video) => [video.keepOneFrameIn, video.framesPerSecond]);
  const [p720 = 0, , p480 = 0, rate480] = rates(120);
  assert.deepEqual([p720, p480, rate480], [2, 4, 30]);
  for (const [rate, kept] of [
    [60, 2],
    [59.94, 2],
    [50, 2],
    [30, 1],
    [25, 1],
  ] as const) {
    assert.deepEqual(rates(rate).slice(0, 4), [1, rate, kept, rate / kept], `${rate}`);
  }
});

test('planLadder() takes a rate that is not known for 30', () => {
  const unknown = sourceOf('1920x1080p0');
  assert.deepEqual(
    planLadder(STANDARD, unknown).map(({ name }) => name),
    ['1080p30', '720p30', '480p30', '360p30', '160p30'],
  );
});

test('planLadder() leaves the sound out where there is none', () => {
  for (const channel of [BASIC, STANDARD, HD, SD]) {
    const plans = planLadder(channel, { ...sourceOf('1920x1080p60'), hasAudio: false });
    assert.ok(plans.every(({ audio, video }) => audio === undefined && video !== undefined));
  }
});

test('planLadder() asks for keyframes every 2 s on ADVANCED channels only', () => {
  const intervals = (channel: Channel) =>
    encodingsOf(planLadder(channel, sourceOf('1920x1080p60'))).map(
      ({ maxKeyframeIntervalSeconds }) => maxKeyframeIntervalSeconds,
    );
  assert.deepEqual(intervals(HD), [2, 2, 2, 2]);
  assert.deepEqual(intervals(SD_CONSTRAINED), [2, 2, 2]);
  assert.deepEqual(new Set(intervals(STANDARD)), new Set([undefined]));
});

test('planAudioOnly() passes the sound through where the ladder has no audio-only rendition', () => {
  const plan = { name: 'audio_only', video: undefined, audio: 'source' };
  assert.deepEqual(planAudioOnly(BASIC, { hasAudio: true }), plan);
  assert.deepEqual(planAudioOnly(STANDARD, { hasAudio: true }), plan);
  assert.equal(planAudioOnly(STANDARD, { hasAudio: false }), undefined);
  assert.equal(planAudioOnly(HD, { hasAudio: true }), undefined);
  assert.equal(planAudioOnly(SD, { hasAudio: true }), undefined);
});

describe('of whatever source, planLadder()', () => {
  const channels = fc.record({
    type: fc.constantFrom(...CHANNEL_TYPES),
    preset: fc.constantFrom('' as const, ...TRANSCODE_PRESETS),
  });
  const sources: fc.Arbitrary<LadderSource> = fc.record({
    width: fc.integer({ min: 16, max: 4096 }),
    height: fc.integer({ min: 16, max: 4096 }),
    framesPerSecond: fc.oneof(
      fc.constantFrom(0, 24, 25, 29.97, 30, 48, 50, 59.94, 60, 120),
      fc.double({ min: 0.1, max: 240, noNaN: true }),
    ),
    hasAudio: fc.boolean(),
  });
  const holds = (
    check: (plans: readonly RenditionPlan[], source: LadderSource, channel: Channel) => void,
  ) =>
    fc.assert(
      fc.property(channels, sources, (channel, source) =>
        check(planLadder(channel, source), source, channel),
      ),
    );

  test('has a picture first, and unique names', () => {
    holds((plans) => {
      assert.ok(plans[0]?.video !== undefined);
      const names = plans.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length, names.join());
      assert.ok(names.every((name) => /^(\d+p\d+|audio_only)$/.test(name)));
    });
  });

  test('has even sizes, none larger than the source, in descending order', () => {
    holds((plans, source) => {
      const sizes = encodingsOf(plans).map(({ width, height }) => width * height);
      assert.deepEqual(
        sizes,
        sizes.toSorted((a, b) => b - a),
      );
      for (const { width, height } of encodingsOf(plans)) {
        assert.ok(width % 2 === 0 && height % 2 === 0, `${width}x${height}`);
        assert.ok(width > 0 && height > 0);
        assert.ok(width <= source.width && height <= source.height);
      }
    });
  });

  test('keeps the aspect ratio to within the rounding', () => {
    holds((plans, source) => {
      for (const { width, height } of encodingsOf(plans)) {
        const [shorter, longer] = width < height ? [width, height] : [height, width];
        // In integers: 720 * (4095 / 2925) is a little less than 1008.
        const exact = shorter * Math.max(source.width, source.height);
        const edge = Math.min(source.width, source.height);
        assert.ok(longer * edge <= exact && (longer + 2) * edge > exact, `${width}x${height}`);
        assert.equal(width < height && source.width > source.height, false);
      }
    });
  });

  test('has no more frames than the name says, and no fewer than it needs to drop', () => {
    holds((plans, source) => {
      for (const { name, video } of plans) {
        if (typeof video !== 'object') continue;
        const nominalFps = Number(name.split('p')[1]);
        assert.ok(!isFasterThan(video.framesPerSecond, nominalFps), name);
        assert.equal(video.framesPerSecond, source.framesPerSecond / video.keepOneFrameIn);
        if (video.keepOneFrameIn > 1) {
          const lessThinned = source.framesPerSecond / (video.keepOneFrameIn - 1);
          assert.ok(isFasterThan(lessThinned, nominalFps), name);
        }
      }
    });
  });

  test('has an audio-only rendition on ADVANCED channels with sound, last', () => {
    holds((plans, source, { type }) => {
      const isExpected = source.hasAudio && type.startsWith('ADVANCED');
      assert.equal(plans.at(-1)?.name === 'audio_only', isExpected);
    });
  });
});

test('nominalBps() is what encoders are set to, and of the source what it credibly claims', () => {
  const source = { videoBitrateBps: 3_000_000, audioBitrateBps: 128_000 };
  const [passed, ...transcoded] = planLadder(
    { type: 'STANDARD', preset: '' },
    { width: 1920, height: 1080, framesPerSecond: 30, hasAudio: true },
  );
  assert.ok(passed);
  assert.equal(nominalBps(passed, source), 3_128_000);
  assert.equal(nominalBps(passed), 0);
  assert.equal(nominalBps(passed, { ...source, videoBitrateBps: 3_000_000_000 }), 128_000);
  assert.deepEqual(
    transcoded.map((plan) => nominalBps(plan, source)),
    [2_528_000, 1_528_000, 694_000, 278_000],
  );
});
