import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { feed, TRACKS, videoFrame } from '../../test/support/media.ts';
import { MemorySessionLog } from '../../test/support/memory-session-log.ts';
import type { ChannelRecord } from '../domain/channel.ts';
import { ChannelChanged } from '../domain/channel-changed.ts';
import type {
  DisconnectReason,
  Publication,
  PublicationEnd,
  PublishRequest,
} from '../ingest/publishing.ts';
import { silentLogger } from '../lib/logger.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import { PictureDecoder } from '../transcode/picture-decoder.ts';
import { FakeTranscoders } from '../transcode/testing/fake-transcoder.ts';
import type { Transcoding } from './channel-renditions.ts';
import { LiveRegistry } from './live-registry.ts';
import { TranscodeAdmission } from './transcode-admission.ts';

const CHANNEL: ChannelRecord = {
  arn: 'arn:aws:ivs:eu-west-1:123456789012:channel/abcdABCDefgh',
  accountId: '123456789012',
  region: 'eu-west-1',
  id: 'abcdABCDefgh',
  name: 'demo',
  latencyMode: 'LOW',
  type: 'STANDARD',
  authorized: false,
  insecureIngest: true,
  preset: '',
  containerFormat: 'TS',
  recordingConfigurationArn: '',
  playbackRestrictionPolicyArn: '',
  adConfigurationArn: '',
  multitrackInputConfiguration: { enabled: false, policy: 'ALLOW', maximumResolution: 'FULL_HD' },
  srtPassphrase: 'passphrase',
  tags: {},
  createdAtMs: 0,
};

function setUp(channel: ChannelRecord = CHANNEL, transcoding?: Promise<undefined> | Transcoding) {
  const records: { channel: ChannelRecord | undefined } = { channel };
  const clock = new FakeClock();
  const sessionLog = new MemorySessionLog();
  const cutViewers: (readonly [playbackId: string, viewerId: string, versionsThrough: number])[] =
    [];
  const forgotten: string[] = [];
  let n = 0;
  const registry = new LiveRegistry({
    clock,
    log: silentLogger,
    random: (count) => new Uint8Array(count).map(() => n++ % 200),
    directory: {
      findChannelByStreamKey: async (key) => (key === 'good' ? records.channel : undefined),
    },
    sessionLog,
    viewers: {
      count: () => 3,
      countPresent: () => 4,
      countByCountry: () => new Map([['DE', 3]]),
      cutViewer: (...cut) => void cutViewers.push(cut),
      forget: (playbackId) => void forgotten.push(playbackId),
    },
    payloads: new SlabPool(),
    quotas: { concurrentStreams: 2 },
    transcoding,
  });
  return { records, clock, sessionLog, registry, cutViewers, forgotten };
}

interface Encoder extends PublishRequest {
  readonly disconnects: DisconnectReason[];
}

function encoder(options: Partial<PublishRequest> = {}): Encoder {
  const disconnects: DisconnectReason[] = [];
  return {
    connectionId: 'connection',
    protocol: 'rtmps',
    remoteAddress: '192.0.2.1',
    streamKey: 'good',
    parameters: new Map(),
    disconnect: (reason) => void disconnects.push(reason),
    disconnects,
    ...options,
  };
}

async function accepted(registry: LiveRegistry, request: PublishRequest = encoder()) {
  const decision = await registry.publish(request);
  assert.ok(decision.accepted, 'the encoder is accepted');
  return decision.publication;
}

async function refusal(registry: LiveRegistry, request: PublishRequest): Promise<string> {
  const decision = await registry.publish(request);
  assert.ok(!decision.accepted, 'the encoder is refused');
  return decision.refusal;
}

/** Runs `ms` of media through a publication while the clock runs along. */
async function onAir() {
  const world = setUp();
  const request = encoder();
  const publication = await accepted(world.registry, request);
  publication.tracks(TRACKS);
  let mediaMs = 0;
  const play = (ms: number) => {
    const offset = world.clock.monotonicMs() - mediaMs;
    feed(publication, mediaMs, mediaMs + ms, (atMs) => {
      world.clock.setMonotonic(offset + atMs);
      publication.received('video', 1000);
    });
    mediaMs += ms;
  };
  play(2500);
  const stream = world.registry.stream(CHANNEL.arn);
  assert.ok(stream, 'the channel is live');
  return { ...world, request, publication, play, stream };
}

/** Histories are written beside the media path. */
const written = () => new Promise(setImmediate);

test('an unknown stream key is refused', async () => {
  const { registry } = setUp();
  assert.equal(await refusal(registry, encoder({ streamKey: 'bad' })), 'unknown-stream-key');
});

test('plain RTMP is refused unless the channel allows it', async () => {
  const { registry } = setUp({ ...CHANNEL, insecureIngest: false });
  const plain = encoder({ protocol: 'rtmp' });
  assert.equal(await refusal(registry, plain), 'insecure-ingest-not-allowed');
  await accepted(registry, encoder({ protocol: 'rtmps' }));
});

test('a second encoder is refused while the first one publishes, however close they come', async () => {
  const { registry } = setUp();
  const decisions = await Promise.all([registry.publish(encoder()), registry.publish(encoder())]);
  assert.deepEqual(
    decisions.map((d) => d.accepted || d.refusal),
    [true, 'channel-already-live'],
  );
});

test('a channel is live from its first picture on, not from the connection', async () => {
  const { registry, sessionLog } = setUp();
  const publication = await accepted(registry);
  assert.equal(registry.stream(CHANNEL.arn), undefined);
  assert.equal(registry.hasSession(CHANNEL.arn), true);
  publication.tracks(TRACKS);
  feed(publication, 0, 10);
  const stream = registry.stream(CHANNEL.arn);
  assert.equal(stream?.viewerCount, 3);
  assert.match(stream?.streamId ?? '', /^st-[A-Za-z0-9]{23}$/);
  const names = sessionLog.eventNames(stream?.streamId ?? '');
  assert.deepEqual(names, ['Session Created', 'Stream Start']);
});

for (const end of [
  { kind: 'unpublished' },
  { kind: 'rejected', code: 'unsupported-codec', detail: 'video codec VP6' },
] satisfies PublicationEnd[]) {
  test(`an encoder that leaves (${end.kind}) ends its stream at once`, async () => {
    const { registry, sessionLog, publication, stream } = await onAir();
    const live = registry.onAir(CHANNEL, CHANNEL.id);
    publication.end(end);
    assert.equal(registry.stream(CHANNEL.arn), undefined);
    assert.equal(registry.onAir(CHANNEL, CHANNEL.id), undefined);
    assert.equal(registry.byPlaybackId(live?.playbackId ?? ''), live, 'viewers still get ENDLIST');
    assert.equal(live?.windows[0]?.isEnded, true);
    await written();
    const names = sessionLog.eventNames(stream.streamId);
    assert.deepEqual(names.slice(-2), ['Stream End', 'Session Ended']);
    assert.ok(sessionLog.sessions.get(stream.streamId)?.session.endTimeMs);
  });
}

test('an encoder whose connection was lost may come back within 30 s and goes on with the same stream', async () => {
  const { registry, clock, sessionLog, publication, stream } = await onAir();
  publication.end({ kind: 'connection-lost' });
  assert.equal(registry.stream(CHANNEL.arn)?.health, 'STARVING');
  clock.advance(20_000);
  const again = await accepted(registry);
  again.tracks(TRACKS);
  feed(again, 0, 6000, (atMs) => clock.setMonotonic(22_500 + atMs));
  assert.equal(registry.stream(CHANNEL.arn)?.streamId, stream.streamId);
  assert.equal(registry.stream(CHANNEL.arn)?.health, 'HEALTHY');
  await written();
  assert.deepEqual(sessionLog.eventNames(stream.streamId), [
    'Session Created',
    'Stream Start',
    'Starvation Start',
    'Starvation End',
  ]);
  const window = registry.onAir(CHANNEL, CHANNEL.id)?.windows[0];
  const breaks = window?.listedSegments.filter((segment) => segment.isDiscontinuous);
  assert.equal(breaks?.length, 1);
});

test('viewers get the last frames the moment the connection is lost', async () => {
  const { registry, publication } = await onAir();
  const window = registry.onAir(CHANNEL, CHANNEL.id)?.windows[0];
  const waiting = window?.waitForPlaylist(window.nextMsn, undefined);
  publication.end({ kind: 'connection-lost' });
  assert.equal(await waiting?.outcome, 'available');
  assert.equal(window?.openSegment, undefined);
});

// The IVS player reads the announced segment before the playlist says that the timeline breaks there: when it began at zero
// again, the player placed it anywhere, and stalled for good.
test('an encoder that comes back goes on where the timeline was', async () => {
  const { registry, publication } = await onAir();
  assert.equal(publication.resumeAtMs, 0);
  publication.end({ kind: 'connection-lost' });
  const window = registry.onAir(CHANNEL, CHANNEL.id)?.windows[0];
  const ticks = window?.listedSegments.reduce((sum, segment) => sum + segment.durationTicks, 0);
  const again = await accepted(registry);
  assert.ok(again.resumeAtMs > 2400);
  assert.equal(again.resumeAtMs, Math.ceil((ticks ?? 0) / 90));
});

test('a lost connection ends the stream after 30 s', async () => {
  const { registry, clock, sessionLog, publication, stream } = await onAir();
  publication.end({ kind: 'connection-lost' });
  clock.advance(29_000);
  assert.ok(registry.stream(CHANNEL.arn));
  clock.advance(2000);
  assert.equal(registry.stream(CHANNEL.arn), undefined);
  await written();
  assert.ok(sessionLog.sessions.get(stream.streamId)?.session.endTimeMs);
});

test('an encoder that is silent for 30 s is disconnected and its stream ended', async () => {
  const { registry, clock, request, sessionLog, stream } = await onAir();
  clock.advance(31_000);
  assert.deepEqual(request.disconnects, ['idle-timeout']);
  assert.equal(registry.stream(CHANNEL.arn), undefined);
  await written();
  assert.ok(sessionLog.eventNames(stream.streamId).includes('Starvation Start'));
});

test('stop() disconnects the encoder and resolves when the end is written', async () => {
  const { registry, request, sessionLog, stream } = await onAir();
  assert.equal(await registry.stop(CHANNEL.arn), true);
  assert.deepEqual(request.disconnects, ['stopped-by-api']);
  assert.ok(sessionLog.sessions.get(stream.streamId)?.session.endTimeMs);
  assert.equal(await registry.stop(CHANNEL.arn), false);
});

test('what an ended publication still sends goes nowhere', async () => {
  const { registry, publication } = await onAir();
  await registry.stop(CHANNEL.arn);
  feed(publication, 2500, 4000);
  publication.end({ kind: 'connection-lost' });
  assert.equal(registry.hasSession(CHANNEL.arn), false);
});

test('the session says what the encoder sends, and measures what it does not state', async () => {
  const { registry, clock, sessionLog } = setUp();
  const publication = await accepted(registry);
  publication.metadata({ encoder: 'Lavf59.27.100', videoBitrateBps: 2_500_000 });
  publication.tracks(TRACKS);
  feed(publication, 0, 6500, (atMs) => {
    clock.setMonotonic(atMs);
    publication.received('audio', 500);
  });
  const { streamId } = registry.stream(CHANNEL.arn) ?? assert.fail('live');
  await written();
  const ingest = sessionLog.sessions.get(streamId)?.session.ingest;
  assert.equal(ingest?.video.encoder, 'Lavf59.27.100');
  assert.equal(ingest?.video.targetBitrateBps, 2_500_000);
  assert.equal(ingest?.video.targetFrameRate, 30);
  assert.ok((ingest?.audio?.targetBitrateBps ?? 0) > 100_000);
});

// The description was written at the first picture and after five seconds, and never again: after a reconnect
// GetStreamSession kept telling the size and the encoder of the one that had left.
test('the session says what the encoder sends now, once that changed', async () => {
  const { clock, sessionLog, registry, publication, stream } = await onAir();
  const ingest = () => sessionLog.sessions.get(stream.streamId)?.session.ingest;
  const play = (sink: Publication, atMs: number) =>
    feed(sink, 0, 6500, (frameMs) => {
      clock.setMonotonic(atMs + frameMs);
      sink.received('video', 2000);
    });
  // With a keyframe of many bytes, as the one that left sent.
  publication.received('video', 3_000_000);
  publication.metadata({ encoder: 'one', videoBitrateBps: 4_000_000, frameRate: 60 });
  play(publication, 2500);
  publication.end({ kind: 'connection-lost' });
  const again = await accepted(registry);
  again.tracks({ video: { ...TRACKS.video, width: 640, height: 360 } });
  await written();
  assert.deepEqual([ingest()?.video.width, ingest()?.video.encoder], [640, '']);
  assert.equal(ingest()?.audio, undefined);
  play(again, 10_000);
  await written();
  assert.equal(ingest()?.video.targetFrameRate, 30);
  // 30 pictures and 47 frames of sound a second.
  const bitrateBps = ingest()?.video.targetBitrateBps ?? 0;
  assert.ok(Math.abs(bitrateBps - 77 * 2000 * 8) < 20_000, `${bitrateBps} bit/s`);
});

test('a stall of the process ends no stream for what came together meanwhile', async () => {
  const { clock, registry } = setUp({ ...CHANNEL, type: 'BASIC' });
  const request = encoder();
  const publication = await accepted(registry, request);
  publication.tracks(TRACKS);
  publication.frame(videoFrame(0, true));
  // Below the 3.5 Mbit/s of BASIC.
  const bytesASecond = 3_000_000 / 8;
  const send = (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      publication.received('video', bytesASecond);
      clock.advance(1000);
    }
  };
  send(15);
  clock.stall(4000);
  publication.received('video', 4 * bytesASecond);
  send(30);
  assert.deepEqual(request.disconnects, []);
  publication.received('video', 20 * bytesASecond);
  send(2);
  assert.deepEqual(request.disconnects, ['ingest-limit']);
});

test('a stall of the process is no silence of the encoder, and no starvation', async () => {
  const { clock, registry, request, play, sessionLog, stream } = await onAir();
  play(10_000);
  clock.stall(60_000);
  play(10_000);
  await written();
  assert.deepEqual(request.disconnects, []);
  assert.equal(registry.stream(CHANNEL.arn)?.health, 'HEALTHY');
  const names = sessionLog.sessions.get(stream.streamId)?.events.map(({ name }) => name);
  assert.deepEqual(names, ['Session Created', 'Stream Start']);
});

// What the encoder does not state is measured over five seconds; a stream that was shorter had a bit rate of 0 for ever.
test('a stream that ends before it was measured is described by what there was', async () => {
  const { sessionLog, publication, stream } = await onAir();
  publication.end({ kind: 'unpublished' });
  await written();
  const video = sessionLog.sessions.get(stream.streamId)?.session.ingest?.video;
  assert.equal(video?.targetFrameRate, 30);
  assert.ok((video?.targetBitrateBps ?? 0) > 100_000);
});

// 48 hours were counted on the wall clock: setting it forward ended every stream at once.
test('a stream lasts 48 hours, whatever happens to the wall clock', async () => {
  const { clock, registry, play } = await onAir();
  clock.setWall(clock.nowMs() + 72 * 3600 * 1000);
  play(2000);
  assert.ok(registry.stream(CHANNEL.arn));
});

test('a fault of ours in one stream ends that stream alone, and its history says so', async () => {
  const { registry, clock, request, publication, sessionLog, stream } = await onAir();
  const poisoned = { ...videoFrame(2500, false), dtsTicks: Number.NaN };
  Object.defineProperty(poisoned, 'payload', {
    get() {
      throw new Error('out of memory');
    },
  });
  publication.frame(poisoned);
  assert.deepEqual(request.disconnects, ['internal-failure']);
  assert.equal(registry.hasSession(CHANNEL.arn), false);
  await written();
  const names = sessionLog.eventNames(stream.streamId);
  assert.deepEqual(names.slice(-3), ['Stream Failure', 'Stream End', 'Session Ended']);
  clock.advance(5000);
  await accepted(registry);
});

// Whether a transport stream can carry the sound is decided with the first tracks: what changed later was told as a fault of Ivory.
test('sound that changes to what no transport stream carries ends the stream, and the encoder is told', async () => {
  const { request, publication, sessionLog, stream } = await onAir();
  // frameLengthFlag: 960 samples (ISO 14496-3 4.4.1).
  const decoderConfiguration = Uint8Array.of(0x11, 0x94);
  const audio = { ...TRACKS.audio!, decoderConfiguration, samplesPerFrame: 960 };
  publication.tracks({ ...TRACKS, audio });
  assert.deepEqual(request.disconnects, ['not-packageable']);
  await written();
  const events = sessionLog.sessions.get(stream.streamId)?.events ?? [];
  const failure = events.find(({ name }) => name === 'Stream Failure');
  assert.ok(failure && 'reason' in failure);
  assert.match(failure.reason ?? '', /960 samples/);
});

/** ffmpeg dies at every keyframe of a source of this height. */
async function onAirWithoutFfmpeg(height: number) {
  const [clock, log, factory] = [new FakeClock(), silentLogger, new FakeTranscoders()];
  let deaths = 0;
  const transcoding: Transcoding = {
    ...{ factory, encoder: { encoder: 'libx264' }, admission: new TranscodeAdmission(100) },
    pictures: new PictureDecoder({ factory, clock, log }),
    onDeath: () => deaths++,
  };
  const world = setUp(CHANNEL, transcoding);
  const request = encoder();
  const publication = await accepted(world.registry, request);
  publication.tracks({ ...TRACKS, video: { ...TRACKS.video, height } });
  for (let fromMs = 0; fromMs < 10_000; fromMs += 2_000) {
    const childCount = factory.children.length;
    feed(publication, fromMs, fromMs + 2_000);
    if (factory.children.length > childCount) factory.newest.exit({ exitCode: 1 });
    world.clock.advance(2_000);
  }
  await written();
  const [streamId = ''] = world.sessionLog.sessions.keys();
  const { registry, sessionLog } = world;
  return { registry, request, deaths, eventNames: sessionLog.eventNames(streamId) };
}

test('a stream of which ffmpeg makes no picture ends with Stream Failure', async () => {
  const { registry, request, deaths, eventNames } = await onAirWithoutFfmpeg(720);
  assert.deepEqual(request.disconnects, ['transcoding-failed']);
  assert.equal(registry.hasSession(CHANNEL.arn), false);
  assert.equal(deaths, 3);
  assert.deepEqual(eventNames, [
    ...['Session Created', 'Stream Start', 'Stream Failure', 'Stream End', 'Session Ended'],
  ]);
});

test('a stream that is passed through goes on, whatever becomes of ffmpeg', async () => {
  const { registry, request, deaths, eventNames } = await onAirWithoutFfmpeg(1080);
  assert.deepEqual(request.disconnects, []);
  assert.ok(registry.stream(CHANNEL.arn));
  assert.ok(deaths > 3);
  assert.deepEqual(eventNames, ['Session Created', 'Stream Start']);
});

test('an ended stream is forgotten after a minute', async () => {
  const { registry, clock, publication } = await onAir();
  const playbackId = registry.onAir(CHANNEL, CHANNEL.id)?.playbackId ?? '';
  publication.end({ kind: 'unpublished' });
  clock.advance(59_000);
  assert.ok(registry.byPlaybackId(playbackId));
  clock.advance(2000);
  assert.equal(registry.byPlaybackId(playbackId), undefined);
});

test('closing the registry ends every stream and refuses new encoders', async () => {
  const { registry, request, sessionLog, stream } = await onAir();
  await registry[Symbol.asyncDispose]();
  assert.deepEqual(request.disconnects, ['shutting-down']);
  assert.ok(sessionLog.sessions.get(stream.streamId)?.session.endTimeMs);
  assert.equal(await refusal(registry, encoder()), 'service-unavailable');
});

test('closing the registry waits for the end of a stream that ended just before to be written down', async () => {
  const { registry, sessionLog, publication } = await onAir();
  const { endSession } = sessionLog;
  const slowDisk = Promise.withResolvers<void>();
  sessionLog.endSession = async (...end) => {
    await slowDisk.promise;
    await endSession.apply(sessionLog, end);
  };
  publication.end({ kind: 'unpublished' });
  let isClosed = false;
  const closed = registry[Symbol.asyncDispose]().then(() => {
    isClosed = true;
  });
  await written();
  assert.equal(isClosed, false);
  slowDisk.resolve();
  await closed;
});

test('closing the registry waits for a session that was refused to be written down', async () => {
  const [clock, log, factory] = [new FakeClock(), silentLogger, new FakeTranscoders()];
  const admission = new TranscodeAdmission(1);
  admission.admit(2, 0);
  const pictures = new PictureDecoder({ factory, clock, log });
  const { registry, sessionLog } = setUp(CHANNEL, {
    ...{ factory, admission, pictures, onDeath() {} },
    encoder: { encoder: 'libx264' },
  });
  const { endSession } = sessionLog;
  const slowDisk = Promise.withResolvers<void>();
  sessionLog.endSession = async (...end) => {
    await slowDisk.promise;
    await endSession.apply(sessionLog, end);
  };
  const refused = refusal(registry, encoder());
  await written();
  let isClosed = false;
  const closed = registry[Symbol.asyncDispose]().then(() => {
    isClosed = true;
  });
  await written();
  assert.equal(isClosed, false);
  slowDisk.resolve();
  await closed;
  assert.equal(await refused, 'transcode-capacity');
  const [entry] = sessionLog.sessions.values();
  assert.ok(entry?.session.endTimeMs, 'its end is written');
});

test('a session that cannot be written down refuses its encoder and leaves the channel free', async () => {
  const { registry, sessionLog } = setUp();
  const createSession = sessionLog.createSession;
  sessionLog.createSession = () => Promise.reject(new Error('disk full'));
  assert.equal(await refusal(registry, encoder()), 'service-unavailable');
  sessionLog.createSession = createSession;
  await accepted(registry);
});

test('who asks to take over a stream whose session is being written is judged once it is', async () => {
  const { registry, sessionLog } = setUp();
  const { createSession } = sessionLog;
  const slowDisk = Promise.withResolvers<void>();
  sessionLog.createSession = async (...session) => {
    await slowDisk.promise;
    return createSession.apply(sessionLog, session);
  };
  const first = accepted(registry);
  await written();
  const second = registry.publish(encoder({ parameters: new Map([['priority', '1']]) }));
  let isAnswered = false;
  void second.then(() => {
    isAnswered = true;
  });
  await written();
  assert.equal(isAnswered, false);
  slowDisk.resolve();
  await first;
  assert.ok((await second).accepted);
  assert.equal(sessionLog.sessions.size, 1);
});

// It was let in beside a stream that never began, and nothing ever ended it.
test('who asks to take over a stream whose session cannot be written begins one of its own', async () => {
  const { registry, sessionLog } = setUp();
  const { createSession } = sessionLog;
  const fullDisk = Promise.withResolvers<undefined>();
  sessionLog.createSession = () => fullDisk.promise;
  const first = refusal(registry, encoder());
  await written();
  const second = accepted(registry, encoder({ parameters: new Map([['priority', '1']]) }));
  await written();
  sessionLog.createSession = createSession;
  fullDisk.reject(new Error('disk full'));
  assert.equal(await first, 'service-unavailable');
  (await second).tracks(TRACKS);
  assert.equal(sessionLog.sessions.size, 1);
  assert.equal(registry.hasSession(CHANNEL.arn), true);
});

// 16 of 60 streams that began beside an UpdateChannel went on air with what the channel was before: a private one for everybody.
test('a channel that is changed between its look-up and its session is looked up again', async () => {
  const { registry, sessionLog, records } = setUp();
  const { createSession } = sessionLog;
  sessionLog.createSession = async () => {
    sessionLog.createSession = createSession;
    records.channel = { ...CHANNEL, authorized: true };
    throw new ChannelChanged('its channel was changed');
  };
  await accepted(registry);
  assert.equal(registry.onAir(CHANNEL, CHANNEL.id)?.requiresAuthorization, true);
  await registry.stop(CHANNEL.arn);
  sessionLog.createSession = async () => {
    records.channel = undefined;
    throw new ChannelChanged('its channel is not there any more');
  };
  assert.equal(await refusal(registry, encoder()), 'unknown-stream-key');
  assert.equal(registry.hasSession(CHANNEL.arn), false);
});

// Ports are open while ffmpeg is still being asked what it can do, and after a restart all encoders come then.
test('an encoder that waits for the start is let in by what the channel is behind it', async () => {
  const transcoding = Promise.withResolvers<undefined>();
  const { registry, records } = setUp(CHANNEL, transcoding.promise);
  const decision = registry.publish(encoder());
  await written();
  records.channel = undefined;
  transcoding.resolve(undefined);
  assert.deepEqual(await decision, {
    accepted: false,
    refusal: 'unknown-stream-key',
    channel: undefined,
  });
});

test('a stream starts with its first picture, and so says its event', async () => {
  const { registry, clock, sessionLog } = setUp();
  const publication = await accepted(registry);
  clock.advance(20_000);
  publication.tracks(TRACKS);
  feed(publication, 0, 10);
  const { streamId, startTimeMs } = registry.stream(CHANNEL.arn)!;
  await written();
  assert.deepEqual(sessionLog.eventNames(streamId), ['Session Created', 'Stream Start']);
  const { events } = sessionLog.sessions.get(streamId)!;
  assert.deepEqual(events.at(-1), { name: 'Stream Start', timeMs: clock.nowMs() });
  assert.equal(startTimeMs, clock.nowMs());
});

test('streams() has the oldest first, by their ids where they began at once', async () => {
  const { registry, clock, records } = setUp();
  const channels = ['b', 'a'].map((id) => ({ ...CHANNEL, id, arn: `${CHANNEL.arn}${id}` }));
  const publications = [];
  for (const channel of channels) {
    records.channel = channel;
    publications.push(await accepted(registry));
  }
  for (const publication of publications.toReversed()) {
    publication.tracks(TRACKS);
    feed(publication, 0, 10);
    clock.advance(1000);
  }
  assert.deepEqual(
    registry.streams(CHANNEL).map(({ channelId }) => channelId),
    ['a', 'b'],
  );
});

test('an encoder that comes back at the last moment has time for its first picture', async () => {
  const { registry, clock, publication, stream } = await onAir();
  publication.end({ kind: 'connection-lost' });
  clock.advance(29_000);
  const request = encoder();
  const again = await accepted(registry, request);
  clock.advance(5000);
  assert.deepEqual(request.disconnects, []);
  again.tracks(TRACKS);
  feed(again, 0, 1000, (atMs) => clock.setMonotonic(36_500 + atMs));
  assert.equal(registry.stream(CHANNEL.arn)?.streamId, stream.streamId);
  clock.advance(31_000);
  assert.deepEqual(request.disconnects, ['idle-timeout']);
});

// The disk was full for a moment: the session had no end, and was listed as live until the next start.
test('the end of a session is written once it can be, with the time that it had', async () => {
  const { registry, clock, sessionLog, publication, stream } = await onAir();
  const endSession = sessionLog.endSession;
  sessionLog.endSession = () => Promise.reject(new Error('disk full'));
  const endedAtMs = clock.nowMs();
  publication.end({ kind: 'unpublished' });
  await written();
  assert.equal(registry.hasSession(CHANNEL.arn), false);
  clock.advance(12_000);
  await written();
  sessionLog.endSession = endSession;
  clock.advance(5000);
  await written();
  assert.equal(sessionLog.sessions.get(stream.streamId)?.session.endTimeMs, endedAtMs);
  assert.deepEqual(sessionLog.eventNames(stream.streamId).slice(-2), [
    'Stream End',
    'Session Ended',
  ]);
});

// Only the end was tried again: Stream Start was lost, and the end came behind the beginning of the next session.
test('what could not be written for a while is written in its order, before the next session begins', async () => {
  const { registry, clock, sessionLog } = setUp();
  const publication = await accepted(registry);
  const { appendEvents, endSession, createSession } = sessionLog;
  const order: string[] = [];
  const fail = () => Promise.reject(new Error('disk full'));
  Object.assign(sessionLog, { appendEvents: fail, endSession: fail, createSession: fail });
  publication.tracks(TRACKS);
  feed(publication, 0, 2500, (atMs) => clock.setMonotonic(atMs));
  const stream = registry.stream(CHANNEL.arn) ?? assert.fail('live');
  clock.advance(5000);
  await written();
  publication.end({ kind: 'unpublished' });
  await written();
  assert.equal(await refusal(registry, encoder()), 'service-unavailable');
  assert.deepEqual(sessionLog.eventNames(stream.streamId), ['Session Created']);

  Object.assign(sessionLog, {
    appendEvents,
    endSession,
    createSession(...session: Parameters<typeof createSession>) {
      order.push(...sessionLog.eventNames(stream.streamId), 'the next');
      return createSession.apply(sessionLog, session);
    },
  });
  await accepted(registry);
  const names = [
    ...['Session Created', 'Stream Start', 'Starvation Start', 'Stream End', 'Session Ended'],
    'the next',
  ];
  assert.deepEqual(order, names);
});

test('putMetadata() is taken while the channel is live, and says when it is not', async () => {
  const { registry, stream } = await onAir();
  assert.ok(registry.putMetadata(stream.channelArn, 'goal'));
  assert.ok(!registry.putMetadata(`${stream.channelArn}x`, 'goal'));
  await registry.stop(stream.channelArn);
  assert.ok(!registry.putMetadata(stream.channelArn, 'goal'));
});

test('a viewer is cut on the channel’s stream, and on the one that has just ended', async () => {
  const { registry, cutViewers, publication } = await onAir();
  const first = registry.onAir(CHANNEL, CHANNEL.id);
  publication.end({ kind: 'unpublished' });
  await accepted(registry);
  const second = registry.onAir(CHANNEL, CHANNEL.id);
  registry.cutViewer({ channelArn: CHANNEL.arn, viewerId: 'ann', versionsThrough: 3 });
  registry.cutViewer({ channelArn: `${CHANNEL.arn}x`, viewerId: 'ann', versionsThrough: 3 });
  assert.deepEqual(cutViewers, [
    [first?.playbackId, 'ann', 3],
    [second?.playbackId, 'ann', 3],
  ]);
});

test('a stream is found by either of its ids, and forgotten a minute after its end', async () => {
  const { registry, clock, forgotten, publication } = await onAir();
  const live = registry.onAir(CHANNEL, CHANNEL.id);
  assert.ok(live && live.playbackId !== live.boundPlaybackId);
  for (const id of [live.playbackId, live.boundPlaybackId]) {
    assert.equal(registry.byPlaybackId(id), live);
  }
  publication.end({ kind: 'unpublished' });
  assert.deepEqual(forgotten, []);
  clock.advance(60_000);
  assert.deepEqual(forgotten, [live.playbackId]);
  for (const id of [live.playbackId, live.boundPlaybackId]) {
    assert.equal(registry.byPlaybackId(id), undefined);
  }
});

test('views are counted for the account and the region', async () => {
  const { registry } = await onAir();
  assert.equal(registry.countViews(CHANNEL), 4);
  assert.equal(registry.countViews({ ...CHANNEL, region: 'elsewhere' }), 0);
  assert.equal(registry.countViews({ ...CHANNEL, accountId: '999999999999' }), 0);
});
