import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audioFrame, TRACKS, videoFrame } from '../../test/support/media.ts';
import type { TakeoverFailure } from '../domain/takeover.ts';
import type { DisconnectReason } from '../ingest/publishing.ts';
import type { Frame, MediaTracks } from '../media/frame.ts';
import type { ChannelPublication } from './channel-publication.ts';
import { type TakenChannel, Takeovers } from './takeovers.ts';

/** A channel on air up to `endMs`, which keeps what reaches it. */
class FakeChannel implements TakenChannel {
  readonly awaitedTicks = undefined;
  readonly channelArn = 'arn:channel';
  readonly streamId = 'st-1';
  readonly endMs = 7001;
  media: MediaTracks | undefined = TRACKS;
  readonly failures: TakeoverFailure[] = [];
  readonly frames: Frame[] = [];
  readonly encoders: string[] = [];
  readonly takeovers = new Takeovers(this);
  takenBy: ChannelPublication | undefined;

  takenOver(successor: ChannelPublication): number {
    this.takenBy = successor;
    return this.endMs;
  }
  takeoverFailed(code: TakeoverFailure): void {
    this.failures.push(code);
  }
  tracks(tracks: MediaTracks): void {
    this.media = tracks;
  }
  frame(frame: Frame): void {
    this.frames.push(frame);
  }
  metadata({ encoder = '' }: { readonly encoder?: string }): void {
    this.encoders.push(encoder);
  }
  discontinuity(): void {}
  received(): void {}
  timedMetadata(): void {}
  published(): void {}
}

function request(priority?: string) {
  const disconnects: DisconnectReason[] = [];
  return {
    connectionId: 'connection',
    protocol: 'rtmps' as const,
    remoteAddress: '192.0.2.1',
    streamKey: 'good',
    parameters: new Map(priority === undefined ? [] : [['priority', priority]]),
    disconnect: (reason: DisconnectReason) => void disconnects.push(reason),
    disconnects,
  };
}

function challenged(channel: FakeChannel, by = request('2')): ChannelPublication {
  const publication = channel.takeovers.challenge(by);
  assert.ok(typeof publication === 'object', 'it is let in');
  return publication;
}

test('a stream changes hands with the first keyframe of the one with the higher priority', () => {
  const channel = new FakeChannel();
  channel.takeovers.attached(request('1'));
  const publication = challenged(channel);
  publication.metadata({ encoder: 'another' });
  assert.equal(channel.takenBy, undefined, 'the running one goes on meanwhile');
  publication.tracks(TRACKS);
  assert.equal(channel.takenBy, publication);
  publication.frame(videoFrame(0, true));
  publication.frame(audioFrame(1));
  assert.deepEqual(channel.encoders, ['another']);
  // Not before the end of the running one's, and both tracks by the same.
  assert.deepEqual(
    channel.frames.map(({ dtsTicks }) => dtsTicks),
    [7040 * 90, 7040 * 48 + 1024],
  );
  assert.deepEqual(channel.failures, []);
});

test('the priority of who took over is the one to beat', () => {
  const channel = new FakeChannel();
  channel.takeovers.attached(request());
  challenged(channel, request('2')).tracks(TRACKS);
  assert.equal(channel.takeovers.challenge(request('2')), 'StreamTakeoverInvalidPriority');
  challenged(channel, request('3'));
});

test('an encoder without a priority asks for nothing; one out of range, or too low, fails', () => {
  const channel = new FakeChannel();
  channel.takeovers.attached(request('5'));
  assert.equal(channel.takeovers.challenge(request()), undefined);
  for (const priority of ['0', '2147483648', '5', '4']) {
    assert.equal(channel.takeovers.challenge(request(priority)), 'StreamTakeoverInvalidPriority');
  }
  assert.equal(channel.failures.length, 4);
});

test('while the stream waits for its encoder, one of a lower priority, or of none that is valid, may not go on with it', () => {
  const channel = new FakeChannel();
  channel.takeovers.attached(request('7'));
  for (const priority of ['6', '0']) {
    const failure = channel.takeovers.judgeReturn(request(priority));
    assert.equal(failure, 'StreamTakeoverInvalidPriority');
  }
  assert.equal(channel.failures.length, 2);
  for (const priority of ['7', '8', undefined]) {
    assert.equal(channel.takeovers.judgeReturn(request(priority)), undefined);
  }
});

test('media that differ do not take over, and leave the running stream alone', () => {
  for (const media of [
    { ...TRACKS, video: { ...TRACKS.video, width: 640 } },
    { video: TRACKS.video },
  ]) {
    const channel = new FakeChannel();
    const asking = request('2');
    challenged(channel, asking).tracks(media);
    assert.equal(channel.takenBy, undefined);
    assert.deepEqual(asking.disconnects, ['takeover-failed']);
    assert.deepEqual(channel.failures, ['StreamTakeoverMediaMismatch']);
  }
});

test('a stream is taken over a hundred times', () => {
  const channel = new FakeChannel();
  for (let priority = 1; priority <= 100; priority++) {
    challenged(channel, request(String(priority))).tracks(TRACKS);
  }
  assert.equal(channel.takeovers.challenge(request('101')), 'StreamTakeoverLimitBreached');
});

test('of those that ask at once the highest counts, the last of equal ones, and none when the stream is over', () => {
  const channel = new FakeChannel();
  const [first, second] = [request('9'), request('9')];
  challenged(channel, first);
  assert.equal(channel.takeovers.challenge(request('2')), 'StreamTakeoverInvalidPriority');
  assert.deepEqual(first.disconnects, []);
  challenged(channel, second);
  assert.deepEqual(first.disconnects, ['takeover-failed']);
  channel.takeovers.close();
  assert.deepEqual(second.disconnects, ['takeover-failed']);
});
