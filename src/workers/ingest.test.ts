import assert from 'node:assert/strict';
import test from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type {
  Publication,
  PublicationEnd,
  PublishDecision,
  PublishRequest,
} from '../ingest/publishing.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import type { Frame, MediaTracks } from '../media/frame.ts';
import { IngestHost } from './ingest-host.ts';
import { RemotePublishGate } from './remote-publish-gate.ts';
import { linkPair } from './testing/link-pair.ts';

const TRACKS: MediaTracks = {
  video: {
    ...{ kind: 'video', codec: 'avc', timescale: 90_000, codecString: 'avc1.64001F' },
    ...{ profile: 'High', level: '3.1', width: 1280, height: 720, declaredFrameRate: 30 },
    decoderConfiguration: Uint8Array.of(1, 2, 3),
  },
  audio: {
    ...{ kind: 'audio', codec: 'aac', timescale: 48_000, codecString: 'mp4a.40.2' },
    ...{ sampleRate: 48_000, channelCount: 2, samplesPerFrame: 1024 },
    decoderConfiguration: Uint8Array.of(4, 5),
  },
};

const frame = (kind: Frame['kind'], dtsTicks: number, payload: string): Frame => ({
  ...{ kind, dtsTicks, ctsOffsetTicks: kind === 'video' ? -3_000 : 0, isKeyframe: dtsTicks === 0 },
  payload: Buffer.from(payload),
});

/** A worker and a main thread whose gate writes down what it is given. */
function joined(decide: (request: PublishRequest) => Promise<PublishDecision> = accept) {
  const calls: unknown[] = [];
  const requests: PublishRequest[] = [];
  const disconnects: string[] = [];
  const { main, worker } = linkPair();
  const publication = {
    logFields: { channel: 'arn:1', stream: 'st-1' },
    resumeAtMs: 1_250,
    received: (...received: unknown[]) => void calls.push(['received', ...received]),
    frame: ({ payload, ...rest }: Frame) =>
      void calls.push(['frame', { ...rest, payload: Buffer.from(payload).toString() }]),
    tracks: (tracks: MediaTracks) => void calls.push(['tracks', tracks]),
    discontinuity: () => void calls.push(['discontinuity']),
    metadata: (metadata: unknown) => void calls.push(['metadata', metadata]),
    timedMetadata: (...text: unknown[]) => void calls.push(['timedMetadata', ...text]),
    end: (end: PublicationEnd) => void calls.push(['end', end]),
  };
  const host = new IngestHost(main.conversation('ingest'), {
    gate: {
      publish: (request) => {
        requests.push(request);
        return decide(request).then((decision) =>
          'publication' in decision ? { accepted: true, publication } : decision,
        );
      },
    },
    payloads: new SlabPool(),
  });
  const gate = new RemotePublishGate(worker.conversation('ingest'), {
    payloads: new SlabPool(),
    clock: new FakeClock(),
  });
  const request: PublishRequest = {
    ...{ connectionId: 'c1', protocol: 'rtmps', remoteAddress: '192.0.2.7', streamKey: 'sk_1' },
    parameters: new Map([['priority', '3']]),
    disconnect: (reason) => void disconnects.push(reason),
  };
  return { calls, requests, disconnects, host, gate, request };
}

/** What was said has been heard. */
const settled = async () => {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
};

const accept = async (): Promise<PublishDecision> => ({
  accepted: true,
  publication: undefined as never,
});

test('an accepted encoder of a worker sends to the main thread what it would send to its own', async () => {
  const { calls, requests, gate, request } = joined();
  const decision = await gate.publish(request);
  assert.ok(decision.accepted);
  const { disconnect: _, underway: __, ...asked } = requests[0] ?? request;
  assert.deepEqual(asked, {
    ...{ connectionId: 'c1', protocol: 'rtmps', remoteAddress: '192.0.2.7', streamKey: 'sk_1' },
    parameters: new Map([['priority', '3']]),
  });
  const { publication } = decision;
  assert.deepEqual(publication.logFields, { channel: 'arn:1', stream: 'st-1' });
  assert.equal(publication.resumeAtMs, 1_250);
  publication.metadata({ encoder: 'obs', frameRate: 30 });
  publication.tracks(TRACKS);
  publication.received('video', 2_000);
  publication.frame(frame('video', 0, 'k'.repeat(2_000)));
  publication.received('audio', 5);
  publication.frame(frame('audio', 1_024, 'sound'));
  publication.timedMetadata('hello', 4_500);
  publication.discontinuity();
  publication.end({ kind: 'unpublished' });
  await settled();
  assert.deepEqual(calls, [
    ['metadata', { encoder: 'obs', frameRate: 30 }],
    ['tracks', TRACKS],
    ['received', 'video', 2_000],
    [
      'frame',
      {
        kind: 'video',
        dtsTicks: 0,
        ctsOffsetTicks: -3_000,
        isKeyframe: true,
        payload: 'k'.repeat(2_000),
      },
    ],
    ['received', 'audio', 5],
    [
      'frame',
      { kind: 'audio', dtsTicks: 1_024, ctsOffsetTicks: 0, isKeyframe: false, payload: 'sound' },
    ],
    ['timedMetadata', 'hello', 4_500],
    ['discontinuity'],
    ['end', { kind: 'unpublished' }],
  ]);
});

test('bytes that no frame comes of are counted too', async () => {
  const { calls, gate, request } = joined();
  const decision = await gate.publish(request);
  assert.ok(decision.accepted);
  for (const byteLength of [10, 20, 30]) decision.publication.received('audio', byteLength);
  decision.publication.end({ kind: 'connection-lost' });
  await settled();
  assert.deepEqual(calls, [
    ['received', 'audio', 10],
    ['received', 'audio', 20],
    ['received', 'audio', 30],
    ['end', { kind: 'connection-lost' }],
  ]);
});

test('a refusal reaches the encoder with its reason', async () => {
  const { gate, request } = joined(async () => ({
    accepted: false,
    refusal: 'channel-already-live',
    channel: 'arn:1',
  }));
  assert.deepEqual(await gate.publish(request), {
    ...{ accepted: false, refusal: 'channel-already-live', channel: 'arn:1' },
  });
});

test('a gate that fails is a service that is unavailable', async () => {
  const { gate, request } = joined(async () => {
    throw new Error('no database');
  });
  assert.deepEqual(await gate.publish(request), {
    accepted: false,
    refusal: 'service-unavailable',
    channel: undefined,
  });
});

test('the main thread ends the connection of an encoder of a worker', async () => {
  const { requests, disconnects, gate, request } = joined();
  await gate.publish(request);
  requests[0]?.disconnect('stopped-by-api');
  await settled();
  assert.deepEqual(disconnects, ['stopped-by-api']);
});

test('when a worker is gone its encoders are lost connections, and hear nothing any more', async () => {
  const { calls, requests, disconnects, host, gate, request } = joined();
  await gate.publish(request);
  host.close();
  requests[0]?.disconnect('stopped-by-api');
  await settled();
  assert.deepEqual(calls, [['end', { kind: 'connection-lost' }]]);
  assert.deepEqual(disconnects, []);
});

test('an encoder that is accepted when its worker is gone already ends at once', async () => {
  const decided = Promise.withResolvers<PublishDecision>();
  const { calls, host, gate, request } = joined(() => decided.promise);
  void gate.publish(request);
  await settled();
  host.close();
  decided.resolve(await accept());
  await settled();
  assert.deepEqual(calls, [['end', { kind: 'connection-lost' }]]);
});

/** An encoder of a worker whose frames go to `publication`. */
async function publishing(
  publication: Publication,
  pools: { readonly worker: SlabPool; readonly main: SlabPool },
) {
  const { main, worker } = linkPair();
  const clock = new FakeClock();
  let asked: PublishRequest | undefined;
  const host = new IngestHost(main.conversation('ingest'), {
    gate: {
      publish: async (request) => {
        asked = request;
        return { accepted: true, publication };
      },
    },
    payloads: pools.main,
  });
  const gate = new RemotePublishGate(worker.conversation('ingest'), {
    payloads: pools.worker,
    clock,
  });
  const decision = await gate.publish({
    ...{ connectionId: 'c1', protocol: 'rtmp', remoteAddress: '192.0.2.7', streamKey: 'sk_1' },
    parameters: new Map(),
    disconnect() {},
  });
  assert.ok(decision.accepted);
  return { host, encoder: decision.publication, clock, request: () => asked };
}

test('frames stay where they are, and their memory is used again once the main thread gave it back', async () => {
  const slabBytes = 4_096;
  const pools = { worker: new SlabPool(slabBytes), main: new SlabPool(slabBytes) };
  const taken: Frame[] = [];
  const publication = {
    ...{ logFields: { channel: 'arn:1', stream: 'st-1' }, resumeAtMs: 0 },
    ...{
      received() {},
      tracks() {},
      discontinuity() {},
      metadata() {},
      timedMetadata() {},
      end() {},
    },
    frame: (frame: Frame) => void taken.push(frame),
  };
  const { host, encoder } = await publishing(publication, pools);
  const slabs = pools.worker.allocator();
  const memories = new Set<ArrayBufferLike>();
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 8; i++) {
      const payload = slabs.allocate(1_024).fill(round * 8 + i);
      memories.add(payload.buffer);
      encoder.frame({ ...frame('video', round * 8 + i, ''), payload });
    }
    await settled();
    assert.deepEqual(
      taken.map(({ payload }) => payload[0]),
      Array.from({ length: 8 }, (_, i) => round * 8 + i),
    );
    for (const { payload } of taken.splice(0)) pools.main.giveBack(payload);
    await settled();
  }
  assert.ok(memories.size <= 4, `${memories.size} slabs for 160 frames`);
  host.close();
});

/** A worker's encoder whose frames nobody waits for before a second of its stream. */
async function patient() {
  const pools = { worker: new SlabPool(), main: new SlabPool() };
  const taken: string[] = [];
  const publication = {
    ...{ logFields: { channel: 'arn:1', stream: 'st-1' }, resumeAtMs: 0 },
    awaitedTicks: 90_000,
    received() {},
    metadata() {},
    timedMetadata() {},
    tracks: () => void taken.push('tracks'),
    discontinuity: () => void taken.push('discontinuity'),
    end: () => void taken.push('end'),
    frame: ({ kind, dtsTicks }: Frame) => void taken.push(`${kind} ${dtsTicks}`),
  };
  const { encoder, clock, request } = await publishing(publication, pools);
  const slabs = pools.worker.allocator();
  const send = (kind: Frame['kind'], dtsTicks: number, isKeyframe = kind === 'audio') => {
    const payload = slabs.allocate(100).fill(7);
    encoder.received(kind, payload.byteLength);
    encoder.frame({ kind, dtsTicks, ctsOffsetTicks: 0, isKeyframe, payload });
  };
  encoder.tracks(TRACKS);
  send('video', 0, true);
  await settled();
  assert.deepEqual(taken.splice(0), ['tracks', 'video 0']);
  return { encoder, send, taken, clock, underway: () => request()?.underway?.() };
}

test('frames that nobody waits for are handed over with the one that is waited for', async () => {
  const { send, taken, underway } = await patient();
  send('video', 3_000);
  send('audio', 1_024);
  send('video', 89_999);
  await settled();
  assert.deepEqual(taken, []);
  assert.deepEqual(underway(), {
    ...{ videoByteLength: 200, audioByteLength: 100, frames: 2, mediaMs: 999 },
  });
  send('video', 90_000);
  await settled();
  assert.deepEqual(taken, ['video 3000', 'audio 1024', 'video 89999', 'video 90000']);
  assert.deepEqual(underway(), {
    ...{ videoByteLength: 0, audioByteLength: 0, frames: 0, mediaMs: 0 },
  });
});

test('a keyframe is waited for, whatever its time', async () => {
  const { send, taken } = await patient();
  send('video', 3_000);
  send('video', 6_000, true);
  await settled();
  assert.deepEqual(taken, ['video 3000', 'video 6000']);
});

test('sound is waited for where it ends a part without pictures', async () => {
  const { send, taken } = await patient();
  send('audio', 48_000 * 2 - 1);
  await settled();
  assert.deepEqual(taken, []);
  send('audio', 48_000 * 2);
  await settled();
  assert.deepEqual(taken, ['audio 95999', 'audio 96000']);
});

test('nothing is held for long, nor much of it', async () => {
  const { send, taken, clock } = await patient();
  send('video', 3_000);
  await clock.advance(250);
  await settled();
  send('video', 6_000);
  await clock.advance(250);
  await settled();
  assert.deepEqual(taken.splice(0), ['video 3000', 'video 6000']);
  for (let ticks = 6_001; ticks <= 6_064; ticks++) send('video', ticks);
  await settled();
  assert.equal(taken.length, 64);
});

test('what else is said of an encoder comes behind the frames that were held', async () => {
  const { encoder, send, taken } = await patient();
  send('video', 3_000);
  encoder.discontinuity();
  send('video', 6_000);
  encoder.end({ kind: 'unpublished' });
  await settled();
  assert.deepEqual(taken, ['video 3000', 'discontinuity', 'video 6000', 'end']);
});
