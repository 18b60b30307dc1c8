import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { IvsClient, type IvsClientConfig, ListChannelsCommand } from '@aws-sdk/client-ivs';
import { systemClock } from '../src/adapters/system.ts';
import { loadSelfSignedCertificate } from '../src/adapters/tls-certificate.ts';
import { parseMediaPlaylist } from '../src/protocols/hls/testing/media-playlist-parser.ts';
import { parseMultivariantPlaylist } from '../src/protocols/hls/testing/multivariant-playlist-parser.ts';
import { Chromium } from './support/chromium.ts';
import { Http2Viewer } from './support/http2-viewer.ts';
import {
  ACCESS_KEY,
  type IvoryInProcess,
  startIvoryForTest,
  type TestChannel,
  temporaryDirectory,
} from './support/ivory.ts';
import { type Publisher, publish } from './support/publisher.ts';
import { until } from './support/until.ts';

const run = promisify(execFile);
const VIEWERS = 20;
const RENEWALS = 3;

describe('HTTPS with a certificate that the operator renews', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let ivory: IvoryInProcess;
  let channel: TestChannel;
  let encoder: Publisher;
  let certificatePath: string;
  let origin: string;
  let made = 0;

  /** Writes another certificate, key first, as an ACME client does: files beside, moved into place. */
  async function renew(): Promise<string> {
    const source = path.join(directory.path, `${made++}.pem`);
    const { cert, key } = await loadSelfSignedCertificate(source, [], systemClock);
    for (const [name, content] of [
      ['key.pem', key],
      ['cert.pem', cert],
    ] as const) {
      const file = path.join(directory.path, name);
      await writeFile(`${file}.new`, content);
      await rename(`${file}.new`, file);
    }
    return cert;
  }

  before(async () => {
    directory = await temporaryDirectory();
    certificatePath = path.join(directory.path, 'cert.pem');
    await renew();
    ivory = await startIvoryForTest({
      IVORY_TLS_CERT: certificatePath,
      IVORY_TLS_KEY: path.join(directory.path, 'key.pem'),
    });
    origin = `https://localhost:${ivory.httpsPort}`;
    channel = await ivory.createChannel({ insecureIngest: false });
    encoder = publish(channel.rtmpsUrl, { gopFrames: 30, size: '320x180' });
    await ivory.untilLive(channel.arn);
  });
  after(async () => {
    await encoder?.[Symbol.asyncDispose]();
    await ivory?.[Symbol.asyncDispose]();
    await directory?.[Symbol.asyncDispose]();
  });

  const playbackPath = () => new URL(channel.playbackUrl).pathname;

  for (const [flag, version] of [
    ['--http2', '2'],
    ['--http1.1', '1.1'],
  ] as const) {
    test(`curl ${flag} gets playlists with https URLs, and media`, async () => {
      const curl = async (url: string, ...more: string[]) => {
        const format = '\n%{http_version} %{http_code} %{size_download}';
        const args = ['-sS', flag, '--cacert', certificatePath, '-w', format, ...more, url];
        const { stdout } = await run('curl', args, { maxBuffer: 2 ** 26 });
        const end = stdout.lastIndexOf('\n');
        const [httpVersion, status, byteLength] = stdout.slice(end + 1).split(' ');
        assert.equal(httpVersion, version);
        return { text: stdout.slice(0, end), status: Number(status), bytes: Number(byteLength) };
      };
      const { text } = await curl(origin + playbackPath(), '-H', 'Origin: https://shop.example');
      const uri = parseMultivariantPlaylist(text).variants[0]!.uri;
      assert.ok(uri.startsWith(`${origin}/live/`), uri);
      const playlist = parseMediaPlaylist((await curl(uri)).text);
      const segment = playlist.segments.at(-1)!;
      const media = await curl(new URL(segment.uri, uri).href, '-o', '/dev/null');
      assert.equal(media.status, 200);
      assert.ok(media.bytes > 1000);
      const head = await curl(origin + playbackPath(), '-I', '-H', 'Origin: https://shop.example');
      assert.match(head.text, /access-control-allow-origin: \*/i);
      const options = ['-X', 'OPTIONS', '-i', '-H', 'Origin: https://shop.example'];
      const preflight = await curl(origin + playbackPath(), ...options);
      assert.match(preflight.text, /access-control-allow-methods: /i);
      assert.equal((await curl(`${origin}/live/none`)).status, 404);
    });
  }

  // The SDK's own handlers; the second is not its default, and signs `:authority` instead of Host.
  const requireOfSdk = createRequire(import.meta.resolve('@aws-sdk/client-ivs'));
  for (const [name, handler] of [
    ['HTTP/1.1', (ca: string) => ({ httpsAgent: new Agent({ ca }) })],
    [
      'HTTP/2',
      (ca: string) => {
        const { NodeHttp2Handler } = requireOfSdk('@smithy/node-http-handler');
        return new NodeHttp2Handler({ nodeHttp2ConnectOptions: { ca } });
      },
    ],
  ] as const) {
    test(`the AWS SDK calls the API over ${name} with TLS`, async () => {
      const ca = await renewedCertificate();
      const ivs = new IvsClient({
        endpoint: origin,
        region: 'us-west-2',
        credentials: ACCESS_KEY,
        maxAttempts: 1,
        requestHandler: handler(ca) as NonNullable<IvsClientConfig['requestHandler']>,
      });
      try {
        const { channels } = await ivs.send(new ListChannelsCommand({}));
        assert.deepEqual(
          channels?.map(({ arn }) => arn),
          [channel.arn],
        );
      } finally {
        ivs.destroy();
      }
    });
  }

  test('the AWS CLI calls the API over TLS with the certificate as its CA bundle', async () => {
    const args = ['-c', 'import sys; from awscli.clidriver import main; sys.exit(main())', 'ivs'];
    const { stdout } = await run(
      '/usr/bin/python3',
      [...args, 'list-channels', '--endpoint-url', origin, '--ca-bundle', certificatePath],
      {
        env: {
          ...process.env,
          AWS_REGION: 'us-west-2',
          AWS_DEFAULT_REGION: 'us-west-2',
          AWS_ACCESS_KEY_ID: ACCESS_KEY.accessKeyId,
          AWS_SECRET_ACCESS_KEY: ACCESS_KEY.secretAccessKey,
        },
      },
    );
    assert.equal(JSON.parse(stdout).channels[0].arn, channel.arn);
  });

  test('ffprobe reads the stream over HTTPS', async () => {
    const entries = ['-show_entries', 'stream=codec_name', '-of', 'csv=p=0'];
    const { stdout } = await run('ffprobe', ['-v', 'error', ...entries, origin + playbackPath()]);
    assert.deepEqual(new Set(stdout.trim().split(/\s+/)), new Set(['h264', 'aac']));
  });

  test('the watch page plays over HTTP/2 in Chromium', async () => {
    await using chromium = await Chromium.launch(['--ignore-certificate-errors']);
    const url = `https://127.0.0.1:${ivory.httpsPort}/watch/${channel.arn.split('/').at(-1)}`;
    const page = await chromium.open(url);
    await until(
      'the page to be live',
      () => page.evaluate<boolean>("ivoryWatch.state === 'live' && ivoryWatch.latencySeconds > 0"),
      { timeoutMs: 30_000 },
    );
    const protocols = await page.evaluate<[string, string][]>(
      `performance.getEntriesByType('resource').map((entry) => [entry.nextHopProtocol, entry.name])`,
    );
    const playback = protocols.filter(([, name]) => /\/(?:live|api\/video)\//.test(name));
    assert.ok(playback.length > 5);
    assert.deepEqual(
      playback.filter(([protocol, name]) => protocol !== 'h2' || !name.startsWith('https://')),
      [],
    );
  });

  test('hls.js on another origin’s page plays over HTTP/2, steadily', async () => {
    await using chromium = await Chromium.launch(['--ignore-certificate-errors']);
    const playbackUrl = `https://127.0.0.1:${ivory.httpsPort}${playbackPath()}`;
    await using viewer = await chromium.playHls(playbackUrl);
    await viewer.untilPlaying(30_000);
    const reports = await viewer.watch(6);
    const [first, last] = [reports[0]!, reports.at(-1)!];
    assert.deepEqual(last.errors.slice(first.errors.length), []);
    const seconds = (last.atMs - first.atMs) / 1000;
    assert.ok(Math.abs(last.mediaSeconds - first.mediaSeconds - seconds) < 0.5);
    assert.equal(last.isLowLatency, true);
  });

  /** The certificate that is in use: whatever was renewed was taken over. */
  const renewedCertificate = () => readFile(certificatePath, 'utf8');

  /** Blocking reloads over one connection, and every part that they list, until told to end. */
  async function follow(viewer: Http2Viewer, isOver: () => boolean): Promise<number[]> {
    const multivariant = await viewer.get(playbackPath());
    const { uri } = parseMultivariantPlaylist(multivariant.bytes.toString()).variants[0]!;
    const first = parseMediaPlaylist((await viewer.get(uri)).bytes.toString());
    let msn = first.mediaSequence + first.segments.length;
    const seen: number[] = [];
    while (!isOver()) {
      const { status, bytes } = await viewer.get(`${uri}&_HLS_msn=${msn}`);
      assert.equal(status, 200, bytes.toString());
      const playlist = parseMediaPlaylist(bytes.toString());
      const segment = playlist.segments[msn - playlist.mediaSequence]!;
      const media = await viewer.get(new URL(segment.uri, uri).href);
      assert.equal(media.status, 200);
      assert.ok(media.bytes.byteLength > 1000);
      seen.push(msn++);
    }
    return seen;
  }

  test('a renewal under load drops no viewer and no encoder, and is what new ones see', async (t) => {
    const { streamId } = (await ivory.stream(channel.arn))!;
    const before = await renewedCertificate();
    const viewers = await Promise.all(
      Array.from({ length: VIEWERS }, () => Http2Viewer.connect(ivory.httpsPort, before)),
    );
    let isOver = false;
    const watching = Promise.all(viewers.map((viewer) => follow(viewer, () => isOver)));
    watching.catch(() => {});
    const takenOver = () =>
      ivory.log.lines.filter(({ message }) => /took over a renewed TLS/.test(message)).length;
    for (let renewal = 1; renewal <= RENEWALS; renewal++) {
      const alreadyTaken = takenOver();
      const certificate = await renew();
      await until('the renewal to be taken over', () => takenOver() > alreadyTaken, {
        timeoutMs: 20_000,
      });
      await using late = await Http2Viewer.connect(ivory.httpsPort, certificate);
      assert.equal(late.peerCertificate.trim(), certificate.trim());
      assert.equal((await late.get(playbackPath())).status, 200);
      const other = await ivory.createChannel({ insecureIngest: false });
      await using _encoder = publish(other.rtmpsUrl, { size: '320x180' });
      await ivory.untilLive(other.arn);
    }
    // One that can't be used.
    await writeFile(certificatePath, 'broken');
    await until(
      'the broken one to be refused',
      () => ivory.log.lines.some(({ message }) => /stays as it was/.test(message)),
      { timeoutMs: 20_000 },
    );
    isOver = true;
    const seen = await watching;
    t.diagnostic(`${seen.flat().length} segments by ${VIEWERS} viewers over ${RENEWALS} renewals`);
    for (const numbers of seen) {
      assert.ok(numbers.length > 3);
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => numbers[0]! + index),
      );
    }
    for (const viewer of viewers) {
      assert.equal(viewer.failure, undefined);
      assert.equal(viewer.peerCertificate.trim(), before.trim());
      await viewer[Symbol.asyncDispose]();
    }
    assert.equal((await ivory.stream(channel.arn))?.streamId, streamId);
    assert.deepEqual(await ivory.eventNames(channel.arn), ['Session Created', 'Stream Start']);
    assert.equal(encoder.hasEnded, false);
    assert.deepEqual(
      ivory.log.lines.filter(
        ({ level, message }) => level === 'error' && !/stays as/.test(message),
      ),
      [],
    );
  });
});

test('HTTPS comes with a certificate of Ivory’s own', async () => {
  await using ivory = await startIvoryForTest();
  const url = `https://127.0.0.1:${ivory.httpsPort}/readyz`;
  const format = '%{http_version} %{http_code} %{ssl_verify_result}';
  const args = ['-sS', '-k', '--http2', '-o', '/dev/null', '-w', format, url];
  // 18: X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT.
  assert.equal((await run('curl', args)).stdout, '2 200 18');
});

test('Ivory starts without HTTPS where nobody asked for it and the default port is taken', async () => {
  const other = createServer().listen(8443, '127.0.0.1');
  // Where it fails the port is taken, too.
  await Promise.race([once(other, 'listening'), once(other, 'error').catch(() => {})]);
  try {
    await using ivory = await startIvoryForTest({ IVORY_HTTPS_PORT: '' });
    assert.equal(ivory.httpsPort, 0);
    const warnings = ivory.log.lines.map(({ message }) => message);
    assert.match(warnings.join('\n'), /^no HTTPS: cannot listen on 127\.0\.0\.1:8443: another/);
  } finally {
    other.close();
  }
});
