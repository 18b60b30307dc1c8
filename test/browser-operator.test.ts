import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { browserStage } from './support/browser-stage.ts';
import { ACCESS_KEY, REGION } from './support/ivory.ts';
import { publish } from './support/publisher.ts';
import { until } from './support/until.ts';

const PATIENCE_MS = 20_000;

const { ivory, chromium } = await browserStage();

const textOf = (page: Page, selector: string) =>
  page.evaluate<string>(`document.querySelector('${selector}')?.innerText ?? ''`);

const untilText = (page: Page, selector: string, pattern: RegExp) =>
  until(`${selector} to say ${pattern}`, async () => pattern.test(await textOf(page, selector)), {
    timeoutMs: PATIENCE_MS,
  }).catch(async (error: Error) => {
    throw new Error(`${error.message}; it says: ${await textOf(page, selector)}`, { cause: error });
  });

async function signIn(page: Page, key: typeof ACCESS_KEY): Promise<void> {
  await page.fill('#access-key-id', key.accessKeyId);
  await page.fill('#secret-access-key', key.secretAccessKey);
  await page.fill('#region', REGION);
  await page.click('#sign-in-button');
}

test('the console shows a stream with its health and viewers, and that and why it starves', async () => {
  const channel = await ivory.createChannel({ name: 'main-stage' });
  await using encoder = publish(channel.rtmpUrl);
  await ivory.untilLive(channel.arn);
  await using viewer = await chromium.playHls(channel.playbackUrl);
  await viewer.untilPlaying();

  const page = await chromium.open(`${ivory.url}/`);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  assert.equal(new URL(page.url()).pathname, '/console');
  await signIn(page, ACCESS_KEY);
  await untilText(page, '#streams', /main-stage[^]*LIVE[^]*Healthy/);
  await untilText(page, '#count-viewers', /^1$/);
  await untilText(page, '#streams', /640 × 360, 30 fps/);
  await untilText(page, '#streams', /[1-9]\d* kbit\/s/);
  assert.equal(await textOf(page, '#count-starving'), '0');
  assert.doesNotMatch(page.url(), new RegExp(ACCESS_KEY.accessKeyId));

  await encoder.kill();
  await untilText(page, '#streams', /Starving[^]*the encoder sends less than real time/);
  await untilText(page, '#failures', /main-stage[^]*Starvation[^]*It still does/);
  assert.equal(await textOf(page, '#count-starving'), '1');

  await page.click('#failures a');
  await untilText(page, '.timeline', /Starvation Start[^]*Stream Start[^]*Session Created/);
  await untilText(page, '#session', /640 × 360[^]*Lavf/);

  await page.click('#forget');
  await untilText(page, '#sign-in', /Sign in with an access key/);
  assert.equal(await page.evaluate('sessionStorage.length'), 0);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test('the console shows what the API says of an unknown key, and of calls that a policy denies', async () => {
  const page = await chromium.open(`${ivory.url}/console`);
  await signIn(page, { accessKeyId: 'AKIAUNKNOWN000000000', secretAccessKey: 'of-nobody' });
  await untilText(page, '#sign-in-error', /UnrecognizedClientException: The security token/);
  assert.equal(await page.evaluate('sessionStorage.length'), 0);

  await page.route('**/ListRecordingConfigurations', (route) =>
    route.fulfill({
      status: 403,
      headers: { 'x-amzn-errortype': 'AccessDeniedException' },
      json: { message: 'User is not authorized' },
    }),
  );
  await signIn(page, ACCESS_KEY);
  await untilText(page, '#notices', /ListRecordingConfigurations[^]*User is not authorized/);
  await untilText(page, '#failures-title', /What failed/);
  await page.context().close();
});

test('the console takes what the API says for text', async () => {
  const name = '<img src=x onerror=document.title=1>';
  const streamId = `st-${'a'.repeat(23)}`;
  const channelArn = `arn:aws:ivs:${REGION}:123456789012:channel/hostile`;
  const startTime = new Date().toISOString();
  const session = {
    streamId,
    startTime,
    channel: { arn: channelArn, name },
    ingestConfiguration: { video: { encoder: name, codec: name } },
    truncatedEvents: [{ name: 'Stream Takeover Failure', eventTime: startTime, code: name }],
  };
  const answers = {
    ListChannels: { channels: [{ arn: channelArn, name }] },
    ListStreams: {
      streams: [{ channelArn, streamId, startTime, state: name, health: name, viewerCount: 1 }],
    },
    ListStreamSessions: { streamSessions: [{ streamId, startTime, hasErrorEvent: true }] },
    GetStreamSession: { streamSession: session },
    ListRecordingConfigurations: {
      recordingConfigurations: [{ arn: channelArn, name, state: 'CREATE_FAILED' }],
    },
  };
  const page = await chromium.open(`${ivory.url}/console`);
  for (const [operation, json] of Object.entries(answers)) {
    await page.route(`**/${operation}`, (route) => route.fulfill({ json }));
  }
  await signIn(page, ACCESS_KEY);
  for (const selector of ['#streams', '#failures', '#failed-configurations']) {
    await untilText(page, selector, /<img src=x onerror/);
  }
  await page.click('#streams a');
  await untilText(page, '#session', /Encoder\s+<img src=x onerror/);
  assert.equal(await page.evaluate('document.querySelectorAll("main img").length'), 0);
  await page.context().close();
});

test('the console says why the server is not ready, and waits where the API is asked too often', async () => {
  const page = await chromium.open(`${ivory.url}/console`);
  await page.route('**/readyz', (route) =>
    route.fulfill({ status: 503, body: 'not ready: its disk is full\n' }),
  );
  await signIn(page, ACCESS_KEY);
  await untilText(page, '#notices', /The server is not ready: its disk is full/);
  await page.route('**/ListStreams', (route) =>
    route.fulfill({
      status: 429,
      headers: { 'x-amzn-errortype': 'ThrottlingException' },
      json: { message: 'Rate exceeded' },
    }),
  );
  await untilText(page, '#notices', /ThrottlingException: Rate exceeded[^]*next attempt in \d+ s/);
  await page.context().close();
});

test('the console says in one line where it cannot sign', async () => {
  const page = await chromium.open(`${ivory.url}/console`);
  // As over plain HTTP from another machine.
  await page.addInitScript("Object.defineProperty(crypto, 'subtle', { value: undefined })");
  await page.reload();
  await untilText(page, '#sign-in-error', /over HTTPS, or on localhost/);
  assert.equal(await page.isDisabled('#sign-in-button'), true);
  await page.context().close();
});

test('the console fits a phone of 360 pixels', async () => {
  const page = await chromium.open(`${ivory.url}/console`);
  await page.setViewportSize({ width: 360, height: 640 });
  await signIn(page, ACCESS_KEY);
  await untilText(page, '#count-live', /\d/);
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
  await page.context().close();
});
