import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { browserStage } from './support/browser-stage.ts';
import type { TestChannel } from './support/ivory.ts';
import { publish } from './support/publisher.ts';
import { until } from './support/until.ts';

const PATIENCE_MS = 30_000;

const { ivory, chromium } = await browserStage();

const watchUrl = ({ arn }: TestChannel) => `${ivory.url}/watch/${arn.split('/').at(-1)}`;

const untilState = (page: Page, state: string) =>
  until(
    `the page to be ${state}`,
    () => page.evaluate<boolean>(`ivoryWatch.state === '${state}'`),
    {
      timeoutMs: PATIENCE_MS,
    },
  );

const shownText = (page: Page) => page.evaluate<string>('document.body.innerText');

test('the watch page starts by itself when the channel comes on air, says when it ended, and starts again', async (t) => {
  const channel = await ivory.createChannel();
  const page = await chromium.open(watchUrl(channel));
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  // What the page's policy forbids throws nothing: hls.js went on without its track, and the console had an error on each live view.
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  await untilState(page, 'offline');
  assert.match(await shownText(page), /This channel is offline/);
  {
    await using encoder = publish(channel.rtmpUrl);
    await untilState(page, 'live');
    const latency = await until(
      'the page to tell the latency',
      () => page.evaluate<number | undefined>('ivoryWatch.latencySeconds'),
      { timeoutMs: PATIENCE_MS },
    );
    t.diagnostic(`the page says it is ${latency.toFixed(2)} s behind`);
    assert.ok(latency > 0 && latency < 5);
    assert.match(await shownText(page), /\d\.\d s[^]*640 × 360/);
    await encoder.stop();
  }
  await untilState(page, 'ended');
  assert.match(await shownText(page), /The stream has ended/);
  await using _again = publish(channel.rtmpUrl);
  await untilState(page, 'live');
  assert.deepEqual(faults, []);
  await page.context().close();
});

test('the watch page says that there is no such channel', async () => {
  const page = await chromium.open(`${ivory.url}/watch/abcdABCDefgh`);
  await untilState(page, 'missing');
  assert.match(await shownText(page), /There is no such channel/);
  await page.context().close();
});

test('the watch page fits a phone of 360 pixels', async () => {
  const channel = await ivory.createChannel();
  await using _encoder = publish(channel.rtmpUrl);
  await ivory.untilLive(channel.arn);
  const page = await chromium.open(watchUrl(channel));
  await page.setViewportSize({ width: 360, height: 640 });
  await untilState(page, 'live');
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
  await page.context().close();
});
