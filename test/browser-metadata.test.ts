import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setInterval as every } from 'node:timers/promises';
import { type CreateChannelCommandInput, PutMetadataCommand } from '@aws-sdk/client-ivs';
import { browserStage } from './support/browser-stage.ts';
import type { HlsReport, IvsReport } from './support/chromium.ts';
import { publish } from './support/publisher.ts';
import { fetchRenditions } from './support/renditions.ts';

/** "5 TPS per channel" (IVS service quotas), and a little less: the machine may be busy. */
const INTERVAL_MS = 210;
const SECONDS = 12;

/** From the call to the picture that the text comes with. */
const MAX_OFFSET_MS = 500;
/**
 * Between two players. In fragmented MP4 the IVS player (1.56.1) now and then counts from the fragment behind the one that the
 * text is in, and then has two texts that are less than a part apart the other way round.
 */
const MAX_DIFFERENCE_MS = 300;

const OWNER = 'metadata.live-video.net';

interface HeardText {
  readonly text: string;
  readonly dateMs: number;
}

const { ivory, chromium } = await browserStage();

const numberOf = ({ text }: HeardText): number => JSON.parse(text).text;

/** Puts numbered texts at the pace that IVS allows. Resolves with the time at which each was put. */
async function putTexts(channelArn: string): Promise<Map<string, number>> {
  const putAtMs = new Map<string, number>();
  for await (const _ of every(INTERVAL_MS)) {
    const metadata = `{"text":${putAtMs.size}}`;
    putAtMs.set(metadata, Date.now());
    await ivory.ivs.send(new PutMetadataCommand({ channelArn, metadata }));
    if (putAtMs.size * INTERVAL_MS >= SECONDS * 1000) break;
  }
  return putAtMs;
}

function heardByHls({ tags }: HlsReport): HeardText[] {
  return tags.flatMap(({ text: tag, dateMs }) => {
    const [, text] = tag.split(`\0${OWNER}\0`);
    return text === undefined ? [] : [{ text, dateMs }];
  });
}

/** By the time that the segment's own metadata says. */
function heardByIvs({ cues }: IvsReport): HeardText[] {
  const heard: HeardText[] = [];
  let zeroMs = Number.NaN;
  for (const { owner, text, startTime } of cues) {
    if (owner === 'segmentmetadata') zeroMs = JSON.parse(text).transc_r - startTime * 1000;
    if (owner === OWNER) heard.push({ text, dateMs: zeroMs + startTime * 1000 });
  }
  return heard;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

const CHANNELS: readonly { name: string; input: CreateChannelCommandInput }[] = [
  { name: 'a transport stream', input: { containerFormat: 'TS' } },
  { name: 'fragmented MP4', input: { containerFormat: 'FRAGMENTED_MP4' } },
  { name: 'a ladder in transport streams', input: { containerFormat: 'TS', type: 'STANDARD' } },
  { name: 'a ladder in MP4', input: { containerFormat: 'FRAGMENTED_MP4', type: 'STANDARD' } },
];

for (const { name, input } of CHANNELS) {
  test(`each text of PutMetadata comes once, in time, to hls.js and to the IVS player: ${name}`, async (t) => {
    const channel = await ivory.createChannel(input);
    await using _encoder = publish(channel.rtmpUrl);
    await ivory.untilLive(channel.arn);
    await using hls = await chromium.playHls(channel.playbackUrl);
    await using ivs = await chromium.playIvs(channel.playbackUrl);
    await Promise.all([hls.untilPlaying(30_000), ivs.untilPlaying(30_000)]);
    const put = await putTexts(channel.arn);
    const texts = [...put.keys()];
    const isLast = ({ text }: HeardText) => text === texts.at(-1);
    const hlsReport = await hls.until('its last text', (report) => heardByHls(report).some(isLast));
    const ivsReport = await ivs.until('its last text', (report) => heardByIvs(report).some(isLast));
    const byHls = heardByHls(hlsReport);
    const byIvs = heardByIvs(ivsReport);
    for (const [player, heard] of Object.entries({ 'hls.js': byHls, 'the IVS player': byIvs })) {
      const isMisplaced = player !== 'hls.js' && input.containerFormat === 'FRAGMENTED_MP4';
      const inOrder = isMisplaced ? heard.toSorted((a, b) => numberOf(a) - numberOf(b)) : heard;
      const heardTexts = inOrder.map(({ text }) => text);
      assert.deepEqual(heardTexts, texts, player);
      // Program date times are the packager's: with a ladder, as late as the transcoder, whatever that is.
      if (input.type === 'STANDARD') continue;
      const offsets = heard.map(({ text, dateMs }) => Math.round(dateMs - put.get(text)!));
      t.diagnostic(`${player}: ${Math.min(...offsets)} to ${Math.max(...offsets)} ms off`);
      assert.ok(Math.abs(median(offsets)) < MAX_OFFSET_MS, `${player}: ${offsets}`);
    }
    const dateByIvs = new Map(byIvs.map(({ text, dateMs }) => [text, dateMs]));
    const differences = byHls.map(({ text, dateMs }) => Math.round(dateMs - dateByIvs.get(text)!));
    t.diagnostic(`between them: ${Math.min(...differences)} to ${Math.max(...differences)} ms`);
    assert.ok(
      differences.every((differenceMs) => Math.abs(differenceMs) < MAX_DIFFERENCE_MS),
      `${differences}`,
    );

    const schemes = input.containerFormat === 'TS' ? 1 : 2;
    const media = await fetchRenditions(channel.playbackUrl);
    // Of the others the segments may have left the list.
    for (const text of texts.slice(texts.length / 2)) {
      const counts = media.map((each) => each.toString('latin1').split(text).length - 1);
      assert.deepEqual(
        new Set(counts),
        new Set([schemes]),
        `${text} in ${media.length} renditions`,
      );
    }
    t.diagnostic(`${media.length} renditions`);

    // Who comes now sees the last seconds, and hears what belongs to them.
    await using late = await chromium.playHls(channel.playbackUrl);
    await late.untilPlaying(30_000);
    const heardLate = heardByHls(await late.report()).map(({ text }) => text);
    assert.deepEqual(heardLate, [...new Set(heardLate)]);
    assert.equal(heardLate.includes(texts[0]!), false);
  });
}
