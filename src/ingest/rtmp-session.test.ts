import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EcmaArray, encodeAmf0 } from '../protocols/amf0.ts';
import { setChunkSize, windowAcknowledgementSize } from '../protocols/rtmp/message.ts';
import {
  AAC_48K_STEREO,
  aacFrame,
  capturedBytes,
  HANDSHAKE_BYTES,
  interFrame,
  keyframe,
  SEQUENCE_HEADER_720P,
} from './testing/media-messages.ts';
import { ScriptedEncoder } from './testing/scripted-encoder.ts';

test('RtmpSession leads an encoder from connect to media', async () => {
  const encoder = new ScriptedEncoder().connect();
  assert.deepEqual(encoder.codes, ['NetConnection.Connect.Success']);
  encoder.command('releaseStream', 2, null, 'sk_secret').command('FCPublish', 3, null, 'sk_secret');
  encoder.publish('sk_secret?priority=2');
  const [request] = encoder.requests;
  assert.equal(request?.streamKey, 'sk_secret');
  assert.equal(request?.parameters.get('priority'), '2');
  assert.equal(request?.protocol, 'rtmp');
  assert.equal(request?.remoteAddress, '192.0.2.1');
  await encoder.decide();
  assert.deepEqual(encoder.codes.slice(1), [
    '_result',
    '_result',
    'NetStream.Publish.Start',
    '_result',
    'NetStream.Publish.Start',
  ]);
  assert.equal(encoder.heard.at(-1)?.messageStreamId, 1);

  encoder.video(0, SEQUENCE_HEADER_720P).audio(0, AAC_48K_STEREO);
  encoder.video(0, keyframe()).audio(0, aacFrame()).video(40, interFrame());
  assert.deepEqual(encoder.publication.calls, ['tracks', 'key', 'audio', 'video']);
});

test('RtmpSession counts the bytes of every media message, whatever it is', async () => {
  const encoder = await new ScriptedEncoder().live();
  encoder.video(0, SEQUENCE_HEADER_720P).video(0, interFrame()).audio(0, aacFrame());
  assert.deepEqual(encoder.publication.receivedBytes, {
    video: SEQUENCE_HEADER_720P.byteLength + interFrame().byteLength,
    audio: aacFrame().byteLength,
  });
});

test('RtmpSession hands on what onMetaData says', async () => {
  const encoder = await new ScriptedEncoder().live();
  const metadata = new EcmaArray([
    ['encoder', 'obs-output module (libobs version 32.0.0)'],
    ['videodatarate', 3000],
  ]);
  encoder.send({ typeId: 18, body: encodeAmf0(['@setDataFrame', 'onMetaData', metadata]) });
  assert.deepEqual(encoder.publication.metadatas, [
    { encoder: 'obs-output module (libobs version 32.0.0)', videoBitrateBps: 3_000_000 },
  ]);
});

test('RtmpSession reads nothing while the gate decides, and all of it afterwards', async () => {
  const encoder = new ScriptedEncoder().connect().publish();
  assert.ok(encoder.isPaused);
  encoder.video(0, SEQUENCE_HEADER_720P).audio(0, AAC_48K_STEREO).video(0, keyframe());
  assert.deepEqual(encoder.publication.calls, []);
  await encoder.decide();
  assert.ok(!encoder.isPaused);
  assert.deepEqual(encoder.publication.calls, ['tracks', 'key']);
});

for (const name of ['FCUnpublish', 'deleteStream', 'closeStream']) {
  test(`RtmpSession ends the publication at once when the encoder says ${name}`, async () => {
    const encoder = await new ScriptedEncoder().live();
    encoder.command(name, 6, null, name === 'deleteStream' ? 1 : 'sk_secret');
    assert.deepEqual(encoder.publication.ends, [{ kind: 'unpublished' }]);
    encoder.command('deleteStream', 7, null, 1).video(0, keyframe());
    encoder.session.closed();
    assert.equal(encoder.publication.ends.length, 1);
  });
}

test('RtmpSession lets an encoder publish again on the same connection', async () => {
  const encoder = await new ScriptedEncoder().live();
  encoder.command('FCUnpublish', 6, null, 'sk_secret').publish('sk_other');
  assert.equal(encoder.requests[1]?.streamKey, 'sk_other');
});

test('RtmpSession ends the publication as lost when the socket closes', async () => {
  const encoder = await new ScriptedEncoder().live();
  encoder.session.closed();
  assert.deepEqual(encoder.publication.ends, [{ kind: 'connection-lost' }]);
});

test('RtmpSession ends the connection with a word when it is told to disconnect', async () => {
  const encoder = await new ScriptedEncoder().live();
  encoder.requests[0]?.disconnect('stopped-by-api');
  encoder.requests[0]?.disconnect('idle-timeout');
  assert.equal(encoder.codes.at(-1), 'NetConnection.Connect.Closed');
  assert.ok(encoder.isEnded);
  encoder.session.closed();
  assert.deepEqual(encoder.publication.ends, [{ kind: 'disconnected', reason: 'stopped-by-api' }]);
});

for (const [refusal, code] of [
  ['unknown-stream-key', 'NetStream.Publish.BadName'],
  ['channel-already-live', 'NetStream.Publish.BadName'],
  ['insecure-ingest-not-allowed', 'NetStream.Publish.Rejected'],
  ['service-unavailable', 'NetStream.Publish.Failed'],
] as const) {
  test(`RtmpSession refuses with ${code} when the gate says ${refusal}`, async () => {
    const encoder = new ScriptedEncoder().connect().publish();
    await encoder.decide({ accepted: false, refusal });
    assert.equal(encoder.codes.at(-1), code);
    const info = encoder.answers.at(-1)?.[3];
    assert.ok(info instanceof Map && info.get('level') === 'error');
    assert.ok(encoder.isEnded);
    assert.ok(encoder.log.lines.some((line) => line.startsWith('warn') && line.includes(refusal)));
  });
}

test('RtmpSession refuses as unavailable when the gate fails', async () => {
  const encoder = new ScriptedEncoder().connect().publish();
  await encoder.decide(new Error('the database is away'));
  assert.equal(encoder.codes.at(-1), 'NetStream.Publish.Failed');
  assert.ok(encoder.log.lines.some((line) => line.startsWith('error')));
});

test('RtmpSession refuses any application but app', () => {
  const encoder = new ScriptedEncoder().connect('live');
  assert.deepEqual(encoder.answers[0]?.slice(0, 2), ['_error', 1]);
  assert.deepEqual(encoder.codes, ['NetConnection.Connect.InvalidApp']);
  assert.ok(encoder.isEnded);
});

test('RtmpSession refuses to play', () => {
  const encoder = new ScriptedEncoder().connect().command('play', 3, null, 'sk_secret');
  assert.deepEqual(encoder.codes.slice(1), ['NetStream.Play.Failed']);
  assert.ok(encoder.isEnded);
});

test('RtmpSession names the channel and the stream in what it logs while it publishes, and no longer', async () => {
  const encoder = await new ScriptedEncoder().live();
  const named = () => encoder.log.lines.filter((line) => line.includes('"stream":"st-1"'));
  assert.ok(named().some((line) => line.startsWith('info publishing ')));
  encoder.command('FCUnpublish', 6, null, 'sk_secret');
  assert.ok(named().some((line) => line.startsWith('info publication ended ')));
  const before = named().length;
  encoder.publish();
  await encoder.decide({ accepted: false, refusal: 'channel-already-live', channel: 'arn:other' });
  assert.equal(named().length, before);
  assert.match(encoder.log.lines.at(-2)!, /^warn encoder refused .*"channel":"arn:other"/);
});

test('RtmpSession never logs the stream key', async () => {
  const encoder = new ScriptedEncoder().connect('sk_secret');
  const other = await new ScriptedEncoder().live();
  other.command('FCUnpublish', 6, null, 'sk_secret').command('publish', 7, null, 'sk_secret');
  await other.decide({ accepted: false, refusal: 'unknown-stream-key' });
  const lines = [...encoder.log.lines, ...other.log.lines];
  assert.ok(lines.length > 5);
  assert.deepEqual(
    lines.filter((line) => line.includes('sk_secret')),
    [],
  );
});

test('RtmpSession ends a publication that is accepted after the connection ended', async () => {
  const lost = new ScriptedEncoder().connect().publish();
  lost.session.closed();
  await lost.decide();
  assert.deepEqual(lost.publication.ends, [{ kind: 'connection-lost' }]);
  const stopped = new ScriptedEncoder().connect().publish();
  stopped.requests[0]?.disconnect('shutting-down');
  await stopped.decide();
  assert.deepEqual(stopped.publication.ends, [{ kind: 'disconnected', reason: 'shutting-down' }]);
});

test('RtmpSession rejects a codec by name, once', async () => {
  const encoder = await new ScriptedEncoder().live();
  encoder.video(0, Buffer.from('\x90hvc1', 'latin1')).video(0, keyframe());
  assert.equal(encoder.codes.at(-1), 'NetStream.Publish.Rejected');
  assert.deepEqual(encoder.publication.ends, [
    {
      kind: 'rejected',
      code: 'unsupported-codec',
      detail: 'video codec HEVC is not supported: only H.264 is',
    },
  ]);
});

test('RtmpSession rejects a publication that breaks the protocol', async () => {
  const encoder = await new ScriptedEncoder().live();
  encoder.receive(Buffer.of(0xff));
  const [end] = encoder.publication.ends;
  assert.ok(end?.kind === 'rejected' && end.code === 'protocol-violation');
  assert.equal(encoder.codes.at(-1), 'NetStream.Publish.Failed');
});

test('RtmpSession ends one publication as lost when its own side fails', async () => {
  const encoder = await new ScriptedEncoder().live();
  encoder.publication.received = () => {
    throw new Error('a bug of ours');
  };
  encoder.video(0, keyframe());
  assert.deepEqual(encoder.publication.ends, [{ kind: 'connection-lost' }]);
  assert.ok(encoder.log.lines.some((line) => line.startsWith('error')));
});

const violations: [string, (encoder: ScriptedEncoder) => unknown][] = [
  ['it speaks HTTP', (e) => e.receive(Buffer.from('GET / HTTP/1.1\r\n'.padEnd(1537)))],
  ['it publishes before it connects', (e) => e.handshake().publish()],
  ['it connects twice', (e) => e.connect().command('connect', 1, new Map([['app', 'app']]))],
  ['a command is not AMF0', (e) => e.connect().send({ body: Buffer.of(0x20) })],
  [
    'a command is larger than 64 KiB',
    (e) =>
      e
        .connect()
        .send(setChunkSize(1e6))
        .send({ body: new Uint8Array(65_537) }),
  ],
];

for (const [when, misbehave] of violations) {
  test(`RtmpSession ends the connection when ${when}`, () => {
    const encoder = new ScriptedEncoder();
    misbehave(encoder);
    assert.ok(encoder.isEnded);
    assert.ok(encoder.log.lines.some((line) => line.includes('protocol-violation')));
  });
}

test('RtmpSession takes a video message of 8 MiB from a publisher, and no more', async () => {
  const encoder = (await new ScriptedEncoder().live()).send(setChunkSize(1 << 24));
  encoder.video(0, new Uint8Array(8 * 1024 * 1024).fill(0x57));
  assert.ok(!encoder.isEnded);
  encoder.video(0, new Uint8Array(8 * 1024 * 1024 + 1));
  assert.ok(encoder.isEnded);
});

test('RtmpSession gives an encoder 10 s for the handshake and 20 s until it publishes', async () => {
  const silent = new ScriptedEncoder();
  silent.clock.advance(9_999);
  assert.ok(!silent.isEnded);
  silent.clock.advance(1);
  assert.ok(silent.isEnded);

  const idle = new ScriptedEncoder();
  idle.clock.advance(5_000);
  idle.connect().clock.advance(14_999);
  assert.ok(!idle.isEnded);
  idle.clock.advance(1);
  assert.ok(idle.isEnded);

  const live = await new ScriptedEncoder().live();
  live.clock.advance(3_600_000);
  assert.ok(!live.isEnded);
  live.command('FCUnpublish', 6, null, 'sk_secret').clock.advance(20_000);
  assert.ok(live.isEnded);
});

test('RtmpSession acknowledges bytes as often as the peer asked', () => {
  const encoder = new ScriptedEncoder().connect().send(windowAcknowledgementSize(1000));
  const acknowledgements = () => encoder.heard.filter(({ typeId }) => typeId === 3).length;
  const sendMetadata = () => encoder.send({ typeId: 18, body: new Uint8Array(600) });
  sendMetadata();
  assert.equal(acknowledgements(), 1);
  for (let i = 0; i < 10; i++) sendMetadata();
  assert.equal(acknowledgements(), 6);
});

test('RtmpSession answers a ping with its time', () => {
  const encoder = new ScriptedEncoder().connect();
  encoder.send({ typeId: 4, chunkStreamId: 2, body: Buffer.from('000600001234', 'hex') });
  assert.equal(Buffer.from(encoder.heard.at(-1)!.body).toString('hex'), '000700001234');
});

test('RtmpSession takes media from aggregate messages', async () => {
  const encoder = await new ScriptedEncoder().live();
  const tag = (typeId: number, body: Uint8Array) => {
    const header = Buffer.alloc(11);
    header[0] = typeId;
    header.writeUIntBE(body.byteLength, 1, 3);
    return Buffer.concat([header, body, Buffer.alloc(4)]);
  };
  const body = Buffer.concat([
    tag(9, SEQUENCE_HEADER_720P),
    tag(8, AAC_48K_STEREO),
    tag(9, keyframe()),
    tag(8, aacFrame()),
  ]);
  encoder.send({ typeId: 22, messageStreamId: 1, body });
  assert.deepEqual(encoder.publication.calls, ['tracks', 'key', 'audio']);
});

for (const [name, frames] of [
  ['ffmpeg-publish.bin', { video: 50, audio: 95 }],
  ['gstreamer-publish.bin', { video: 25, audio: 44 }],
] as const) {
  test(`RtmpSession gives the same frames however the bytes of ${name} are split`, async () => {
    const bytes = capturedBytes(name);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 30 }),
        async (pieceLengths) => {
          const encoder = new ScriptedEncoder();
          // Accepted before it asks: the decision is there in the next turn.
          const decided = encoder.decide();
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const end = at + pieceLengths[i % pieceLengths.length]!;
            encoder.receive(bytes.subarray(at, end));
            at = end;
            if (encoder.isPaused) await decided;
            if (encoder.isPaused) await new Promise((resolve) => setImmediate(resolve));
          }
          const { video, audio, ends } = encoder.publication;
          assert.deepEqual({ video: video.length, audio: audio.length }, frames);
          assert.deepEqual(ends, [{ kind: 'unpublished' }]);
        },
      ),
      { numRuns: 20 },
    );
  });
}

test('RtmpSession survives any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, hasConnected) => {
      const encoder = new ScriptedEncoder();
      if (hasConnected) encoder.connect();
      else encoder.handshake();
      encoder.receive(bytes);
      assert.deepEqual(
        encoder.log.lines.filter((line) => line.startsWith('error')),
        [],
      );
    }),
    { numRuns: 500 },
  );
});

test('RtmpSession survives any change to the bytes of a real publisher', async () => {
  const bytes = capturedBytes('ffmpeg-publish.bin').subarray(0, HANDSHAKE_BYTES + 12_000);
  const change = fc.tuple(fc.integer({ min: HANDSHAKE_BYTES, max: bytes.length - 1 }), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 20 }), async (changes) => {
      const damaged = Buffer.from(bytes);
      for (const [at, value] of changes) damaged[at] = value;
      const encoder = new ScriptedEncoder();
      encoder.receive(damaged);
      await encoder.decide();
      encoder.session.closed();
      assert.deepEqual(
        encoder.log.lines.filter((line) => line.startsWith('error')),
        [],
      );
      assert.ok(encoder.publication.ends.length <= 1);
    }),
    { numRuns: 200 },
  );
});
