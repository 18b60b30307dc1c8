import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserStage } from './support/browser-stage.ts';
import {
  type HlsReport,
  type IvsReport,
  networkOf,
  type PlayerPage,
  type VideoReport,
} from './support/chromium.ts';
import { pictureClock } from './support/picture-clock.ts';
import { publish } from './support/publisher.ts';
import { inRealTime } from './support/real-time.ts';
import { assertUninterrupted } from './support/steadiness.ts';
import { until } from './support/until.ts';

const { ivory, chromium } = await browserStage();

/** Half of a camera's: the encoder, the ladder and two players share this machine. */
const FRAMES_PER_SECOND = 15;
/** Enough for the lowest rendition alone. */
const SLOW_BPS = 700_000;
const SWITCH_TIMEOUT_SECONDS = 20;
const ABR_TIMEOUT_MS = 60_000;
/** Program date time is off the picture by the encoder's time and a frame on the screen. */
const DATE_TOLERANCE_SECONDS = 0.5;

const OPTION_VALUES = (options: readonly { value?: string }[]) => options.map(({ value }) => value);

interface Quality {
  readonly name: string;
  readonly group: string;
  readonly width: number;
  readonly height: number;
  readonly variantSource: 'source' | 'transcode';
}

const transcoded = (height: number, width: number): Quality => ({
  name: `${height}p`,
  group: `${height}p30`,
  width,
  height,
  variantSource: 'transcode',
});

/** `group`: of EXT-X-MEDIA. Named as IVS names it, not Twitch's `chunked`: the source is known by `variantSource`. */
const LADDERS = [
  {
    containerFormat: 'TS',
    size: '854x480',
    qualities: [transcoded(480, 854), transcoded(360, 640), transcoded(160, 284)],
  },
  {
    containerFormat: 'FRAGMENTED_MP4',
    size: '640x400',
    qualities: [
      { name: '400p15', group: '400p15', width: 640, height: 400, variantSource: 'source' },
      transcoded(360, 576),
      transcoded(160, 256),
    ],
  },
] as const;

type ListedQuality = Quality & { readonly bitrate: number };

const hlsQualities = ({ page }: PlayerPage<HlsReport>) =>
  page.evaluate<ListedQuality[]>(`player.hls.levels.map(({ attrs, width, height, bitrate }) => ({
    name: attrs['IVS-NAME'],
    group: attrs.VIDEO,
    width,
    height,
    variantSource: attrs['IVS-VARIANT-SOURCE'],
    bitrate,
  })).reverse()`);

const ivsQualities = ({ page }: PlayerPage<IvsReport>) =>
  page.evaluate<ListedQuality[]>(`player.ivs.getQualities().map(
    ({ name, group, width, height, variantSource, bitrate }) =>
      ({ name, group, width, height, variantSource, bitrate }))`);

const chooseHls = ({ page }: PlayerPage<HlsReport>, name: string) =>
  page.evaluate(
    `player.hls.nextLevel = player.hls.levels.findIndex(({ attrs }) => attrs['IVS-NAME'] === '${name}')`,
  );

const chooseIvs = ({ page }: PlayerPage<IvsReport>, name: string) =>
  page.evaluate(
    `player.ivs.setQuality(player.ivs.getQualities().find((each) => each.name === '${name}'), true)`,
  );

/** What was seen of a viewer who goes through these qualities, each of them until its picture is there and a second more. */
async function watchSwitches<Report extends VideoReport>(
  viewer: PlayerPage<Report>,
  choose: (viewer: PlayerPage<Report>, name: string) => Promise<unknown>,
  qualities: readonly Quality[],
): Promise<Report[]> {
  const reports = [await viewer.report()];
  for (const { name, width } of qualities) {
    await choose(viewer, name);
    const giveUpAtMs = reports.at(-1)!.atMs + SWITCH_TIMEOUT_SECONDS * 1000;
    do reports.push(...(await viewer.watch(1)));
    while (reports.at(-1)!.width !== width && reports.at(-1)!.atMs < giveUpAtMs);
    assert.equal(reports.at(-1)!.width, width, `${name}: ${JSON.stringify(reports.at(-1))}`);
    reports.push(...(await viewer.watch(1)));
  }
  return reports;
}

/** ffmpeg of the newest ladder, as the log told. */
function transcoderPid(): number {
  const started = ivory.log.lines.findLast(({ message }) => message === 'ffmpeg started');
  return started?.fields['pid'] as number;
}

for (const { containerFormat, size, qualities } of LADDERS) {
  test(`players play a ladder in ${containerFormat}`, async (t) => {
    const clock = pictureClock(FRAMES_PER_SECOND);
    const channel = await ivory.createChannel({ type: 'STANDARD', containerFormat });
    await using _encoder = publish(channel.rtmpUrl, {
      framesPerSecond: FRAMES_PER_SECOND,
      videoFilter: `${clock.videoFilter},scale=${size.replace('x', ':')}:flags=neighbor`,
    });
    await ivory.untilLive(channel.arn);
    {
      await using warmUp = await chromium.playHls(channel.playbackUrl);
      await warmUp.untilPlaying();
    }
    await using hls = await chromium.playHls(channel.playbackUrl, clock.reader);
    await using ivs = await chromium.playIvs(`${channel.playbackUrl}?allow_audio_only=true`);
    await Promise.all([hls.untilPlaying(), ivs.untilPlaying()]);
    const [best, middle, lowest] = qualities;

    await t.test('whoever came at the start knows every quality', async () => {
      const sound = { name: 'audio_only', group: 'audio_only', width: 0, height: 0 };
      const withoutBitrate = ({ name, group, width, height, variantSource }: ListedQuality) => ({
        name,
        group,
        width,
        height,
        ...(variantSource !== undefined && { variantSource }),
      });
      const [levels, listed] = [await hlsQualities(hls), await ivsQualities(ivs)];
      assert.deepEqual(levels.map(withoutBitrate), qualities);
      assert.deepEqual(listed.map(withoutBitrate), [
        ...qualities,
        { ...sound, variantSource: 'transcode' },
      ]);
      for (const bitrates of [levels, listed].map((list) => list.map(({ bitrate }) => bitrate))) {
        assert.ok(bitrates[0]! < 2_500_000 && bitrates.at(-1)! > 50_000, `${bitrates}`);
        assert.deepEqual(
          bitrates,
          bitrates.toSorted((a, b) => b - a),
        );
      }
    });

    await t.test('latency is told from the camera on, transcoded or not', async (t) => {
      await watchSwitches(hls, chooseHls, [best]);
      const { programDelaySeconds, pictureDelaySeconds = Number.NaN } = (await hls.watch(2)).at(
        -1,
      )!;
      t.diagnostic(
        `the encoder ${programDelaySeconds.toFixed(2)} s, the picture ${pictureDelaySeconds.toFixed(2)} s behind`,
      );
      assert.ok(Math.abs(pictureDelaySeconds - programDelaySeconds) < DATE_TOLERANCE_SECONDS);
    });

    await t.test(
      'switches up and down in mid-play do not stall',
      inRealTime(async (t) => {
        const switches = [lowest, best, middle, best];
        const [hlsReports, ivsReports] = await Promise.all([
          watchSwitches(hls, chooseHls, switches),
          watchSwitches(ivs, chooseIvs, switches),
        ]);
        for (const reports of [hlsReports, ivsReports]) {
          assertUninterrupted(reports);
          const { droppedFrames, frames } = reports.at(-1)!;
          t.diagnostic(`${droppedFrames} of ${frames} frames dropped`);
        }
        const [{ programDelaySeconds, ...hlsLast }, { latencySeconds, ...ivsLast }] = [
          hlsReports.at(-1)!,
          ivsReports.at(-1)!,
        ];
        t.diagnostic(
          `hls.js ${programDelaySeconds.toFixed(2)} s, the IVS player ${latencySeconds.toFixed(2)} s behind`,
        );
        assert.deepEqual([hlsLast.isLowLatency, ivsLast.isLowLatency], [true, true]);
      }),
    );

    await t.test('players go on when ffmpeg is killed, the source without a stall', async () => {
      await Promise.all([chooseHls(hls, best.name), chooseIvs(ivs, lowest.name)]);
      await Promise.all([
        hls.until('the best quality', ({ width }) => width === best.width),
        ivs.until('the lowest', ({ width }) => width === lowest.width),
      ]);
      const [hlsBefore, ivsBefore] = await Promise.all([hls.report(), ivs.report()]);
      process.kill(transcoderPid(), 'SIGKILL');
      if (best.variantSource === 'source') assertUninterrupted(await hls.watch(6));
      await Promise.all([
        hls.until('hls.js to go on', (r) => r.mediaSeconds > hlsBefore.mediaSeconds + 7, 40_000),
        ivs.until('IVS to go on', (r) => r.mediaSeconds > ivsBefore.mediaSeconds + 7, 40_000),
      ]);
      const { errors } = await hls.report();
      assert.deepEqual(
        errors.filter(({ isFatal }) => isFatal),
        [],
      );
      assert.deepEqual((await ivs.report()).errors, []);
    });

    await t.test('the IVS player plays the sound alone', async () => {
      await chooseIvs(ivs, 'audio_only');
      await ivs.until('no picture', (r) => r.quality === 'audio_only' && r.width === 0);
      const { mediaSeconds } = await ivs.report();
      await ivs.until('the sound to go on', (r) => r.mediaSeconds > mediaSeconds + 2);
      assert.deepEqual((await ivs.report()).errors, []);
      await ivs[Symbol.asyncDispose]();
    });

    await t.test('hls.js goes down when the network is slow, and comes back', async () => {
      // It forgets how fast the network was within seconds, not half a minute.
      await using viewer = await chromium.playHls(channel.playbackUrl, undefined, {
        abrEwmaFastLive: 1,
        abrEwmaSlowLive: 2,
      });
      const limit = await networkOf(viewer.page);
      await viewer.until('the best', ({ width }) => width === best.width, ABR_TIMEOUT_MS);
      await limit({ bps: SLOW_BPS });
      await viewer.until('a lower one', ({ width }) => width < best.width, ABR_TIMEOUT_MS);
      await limit({});
      await viewer.until('the best again', ({ width }) => width === best.width, ABR_TIMEOUT_MS);
      const { errors } = await viewer.report();
      assert.deepEqual(
        errors.filter(({ isFatal }) => isFatal),
        [],
      );
    });

    await t.test(
      'the watch page offers the qualities, and plays the one that is chosen',
      async () => {
        await hls[Symbol.asyncDispose]();
        const page = await chromium.open(`${ivory.url}/watch/${channel.arn.split('/').at(-1)}`);
        const menu = page.getByLabel('Quality');
        await menu.waitFor();
        assert.deepEqual(await menu.getByRole('option').evaluateAll(OPTION_VALUES), [
          'auto',
          ...qualities.map(({ name }) => name),
        ]);
        for (const { name, width } of [lowest, best]) {
          await menu.selectOption(name);
          await until(
            `the picture of ${name}`,
            () => page.evaluate<boolean>(`ivoryWatch.video.videoWidth === ${width}`),
            { timeoutMs: SWITCH_TIMEOUT_SECONDS * 1000 },
          );
        }
        await menu.selectOption('auto');
        assert.equal(await page.evaluate('ivoryWatch.hls.autoLevelEnabled'), true);
        await page.context().close();
      },
    );
  });
}
