import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DisconnectReason, PublicationEnd } from '../ingest/publishing.ts';
import { silentLogger } from '../lib/logger.ts';
import { ChannelEncoders } from './channel-encoders.ts';
import { ChannelPublication } from './channel-publication.ts';
import type { TakenChannel } from './takeovers.ts';

const LOST: PublicationEnd = { kind: 'connection-lost' };

function setUp() {
  const ends: ChannelPublication[] = [];
  const channel = {
    ...{ channelArn: 'arn:channel', streamId: 'st-1' },
    published: (publication: ChannelPublication) => void ends.push(publication),
  } as unknown as TakenChannel;
  return { channel, ends, encoders: new ChannelEncoders(channel, silentLogger) };
}

function request(remoteAddress: string) {
  const disconnects: DisconnectReason[] = [];
  return {
    ...({
      connectionId: 'connection',
      protocol: 'rtmps',
      streamKey: 'good',
      remoteAddress,
    } as const),
    parameters: new Map<string, string>(),
    disconnect: (reason: DisconnectReason) => void disconnects.push(reason),
    disconnects,
  };
}

test('nobody publishes once the one that publishes has left, and another may go on', () => {
  const { encoders } = setUp();
  assert.equal(encoders.isPublishing, false);
  const first = encoders.attach(request('192.0.2.1'), 0);
  assert.equal(encoders.reading.encoderAddress, '192.0.2.1');
  assert.equal(encoders.left(first, LOST), true);
  assert.deepEqual([encoders.isPublishing, encoders.reading.encoderAddress], [false, undefined]);
  assert.equal(encoders.attach(request('192.0.2.2'), 7001).resumeAtMs, 7001);
  assert.equal(encoders.left(first, LOST), false, 'it has left before');
  assert.equal(encoders.isPublishing, true);
});

test('one that is replaced is told so, and its end is no longer the stream’s', () => {
  const { channel, ends, encoders } = setUp();
  const running = request('192.0.2.1');
  const replaced = encoders.attach(running, 0);
  const successor = new ChannelPublication(channel, request('192.0.2.2'), 0);
  encoders.replace(successor);
  assert.deepEqual(running.disconnects, ['taken-over']);
  assert.equal(encoders.reading.encoderAddress, '192.0.2.2');
  replaced.end(LOST);
  assert.deepEqual(ends, []);
  assert.equal(encoders.left(replaced, LOST), false);
  successor.end(LOST);
  assert.deepEqual(ends, [successor]);
});

test('nothing of an encoder reaches a stream that is over', () => {
  const { ends, encoders } = setUp();
  const running = request('192.0.2.1');
  const publication = encoders.attach(running, 0);
  encoders.close();
  encoders.disconnect('stopped-by-api');
  publication.end(LOST);
  assert.deepEqual([ends, running.disconnects, encoders.isPublishing], [[], [], false]);
});
