import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyTooLarge, TooManyBodies } from '../lib/http.ts';
import { PeerCounter } from '../lib/peer-counter.ts';
import { RequestBody, readBody } from './request-body.ts';

const MANY = 1_000_000;

function bodyOf(limitBytes = MANY, bodyBytes = new PeerCounter(MANY, MANY), announcedBytes = NaN) {
  return new RequestBody({ limitBytes, announcedBytes, bodyBytes, remoteAddress: '192.0.2.1' });
}

/** How many bytes can still be counted. */
function room(counter: PeerCounter): number {
  let free = 0;
  for (let step = MANY; step >= 1; step /= 2) {
    while (counter.take('192.0.2.2', Math.ceil(step))) free += Math.ceil(step);
  }
  counter.release('192.0.2.2', free);
  return free;
}

test('a body is what came, in whatever pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3_000 })), (pieces) => {
      const body = bodyOf();
      for (const piece of pieces) body.append(piece);
      assert.deepEqual(Buffer.from(body.take()), Buffer.concat(pieces));
    }),
  );
});

test('a body of the length that was announced, in one piece, is not copied', () => {
  const piece = new Uint8Array(500);
  const body = bodyOf(MANY, undefined, 500);
  body.append(piece);
  assert.equal(body.take().buffer, piece.buffer);
});

// 60 connections with chunks of one byte took six gigabytes: an object a piece.
test('a body in small pieces counts as twice its bytes at most, and for nothing once it is taken', () => {
  const counter = new PeerCounter(MANY, MANY);
  const body = bodyOf(MANY, counter);
  for (let n = 0; n < 4_096; n++) body.append(new Uint8Array(25));
  assert.ok(room(counter) >= MANY - 2 * 4_096 * 25);
  assert.equal(body.take().byteLength, 4_096 * 25);
  assert.equal(room(counter), MANY);
});

test('a body in too many pieces is not taken', () => {
  const counter = new PeerCounter(MANY, MANY);
  const body = bodyOf(MANY, counter);
  for (let n = 0; n < 4_096; n++) body.append(Uint8Array.of(n));
  assert.throws(() => body.append(Uint8Array.of(0)), /pieces of 1 bytes/);
  assert.equal(room(counter), MANY);
});

test('a body that is too large lets go of what there was', () => {
  const counter = new PeerCounter(MANY, MANY);
  const body = bodyOf(2_000, counter);
  body.append(new Uint8Array(1_999));
  assert.throws(() => body.append(new Uint8Array(2)), BodyTooLarge);
  assert.equal(room(counter), MANY);
});

test('all bodies of an address together have a bound', () => {
  const counter = new PeerCounter(MANY, 10_000);
  const [first, second] = [bodyOf(MANY, counter), bodyOf(MANY, counter)];
  first.append(new Uint8Array(8_000));
  assert.throws(() => second.append(new Uint8Array(3_000)), TooManyBodies);
  first.release();
  second.append(new Uint8Array(3_000));
});

test('readBody() lets go of what came of a client that went away', async () => {
  const counter = new PeerCounter(MANY, MANY);
  const source = new Readable({ read() {} });
  let leave = () => {};
  const options = { limitBytes: MANY, announcedBytes: NaN, bodyBytes: counter };
  const reading = readBody(
    source,
    { ...options, remoteAddress: '192.0.2.1' },
    {
      onGone: (listener) => {
        leave = listener;
      },
      refuseRest: assert.fail,
    },
  );
  source.push('half of ');
  await new Promise(setImmediate);
  assert.ok(room(counter) < MANY);
  leave();
  await assert.rejects(reading, /the client went away/);
  assert.equal(room(counter), MANY);
});
