import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { browserStage } from './support/browser-stage.ts';
import { publish } from './support/publisher.ts';
import { createRecordingConfiguration, untilEvent } from './support/recordings.ts';
import { until } from './support/until.ts';

const STREAM_SECONDS = 6;
const PATIENCE_MS = 30_000;

const { ivory, chromium } = await browserStage();

const untilState = (page: Page, state: string) =>
  until(
    `the page to be ${state}`,
    // A page that is still being loaded, as after a click, has none.
    () => page.evaluate<boolean>(`window.ivoryWatch?.state === '${state}'`),
    { timeoutMs: PATIENCE_MS },
  );

describe('the past of a channel', { concurrency: true }, () => {
  for (const containerFormat of ['TS', 'FRAGMENTED_MP4'] as const) {
    test(`the watch page lists a past stream and plays it to its end: ${containerFormat}`, async () => {
      const { arn, rtmpUrl } = await ivory.createChannel({
        containerFormat,
        recordingConfigurationArn: await createRecordingConfiguration(ivory),
      });
      await using encoder = publish(rtmpUrl, { gopFrames: 30, durationSeconds: STREAM_SECONDS });
      assert.equal(await encoder.ended, 0, encoder.stderr);
      await untilEvent(ivory, arn, 'Recording End');

      const page = await chromium.open(`${ivory.url}/watch/${arn.split('/').at(-1)}`);
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      await untilState(page, 'offline');
      const links = page.locator('#recording-list a');
      await links.first().waitFor();
      assert.match((await links.allInnerTexts()).join(), /^[^,]+, [^,]+, 0:06$/);
      await links.first().click();
      await untilState(page, 'live');
      assert.match(await page.locator('#badge').innerText(), /Recording/i);
      await untilState(page, 'ended');
      const played = await page.evaluate<{ seconds: number; width: number; dropped: number }>(
        `({
        seconds: ivoryWatch.video.currentTime,
        width: ivoryWatch.video.videoWidth,

      })`,
      );
      assert.ok(Math.abs(played.seconds - STREAM_SECONDS) < 0.5, `${played.seconds} s`);
      assert.equal(played.width, 640);
      assert.match(await page.locator('body').innerText(), /The recording has ended/);
      assert.deepEqual(faults, []);
      await page.context().close();
    });
  }
});
