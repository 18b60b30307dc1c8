import assert from 'node:assert/strict';
import test from 'node:test';
import { videoFrame } from '../../test/support/media.ts';
import { EncoderAccount } from './encoder-account.ts';

const picture = (ms: number) => videoFrame(ms, false);

/** Both threads' ends. */
function accounts() {
  const worker = new EncoderAccount();
  return { worker, main: new EncoderAccount(worker.memory) };
}

test('what has come in, less what was handed over, is underway', () => {
  const { worker, main } = accounts();
  for (const ms of [5_000, 5_033, 5_066]) {
    worker.received('video', 1_000);
    worker.frame(picture(ms));
  }
  worker.received('audio', 40);
  assert.deepEqual(main.underway, {
    // How long pictures are nobody can say before the first one is there.
    ...{ videoByteLength: 3_000, audioByteLength: 40, frames: 3, mediaMs: 0 },
  });
  main.handedBytes({ video: 1_000, audio: 0 });
  main.handedFrame(picture(5_000));
  assert.deepEqual(main.underway, {
    ...{ videoByteLength: 2_000, audioByteLength: 40, frames: 2, mediaMs: 66 },
  });
  main.timelineBroke();
  assert.equal(main.underway.mediaMs, 0);
});

test('what is counted may be more than 32 bits have room for', () => {
  const { worker, main } = accounts();
  for (let gigabytes = 0; gigabytes < 9; gigabytes++) {
    worker.received('video', 1e9);
    if (gigabytes < 8) main.handedBytes({ video: 1e9, audio: 0 });
  }
  assert.equal(main.underway.videoByteLength, 1e9);
});

test('a worker knows what is waited for, and that each frame is as long as nobody has said', () => {
  const { worker, main } = accounts();
  assert.ok(worker.awaitedMs < 0);
  main.await(180_089);
  assert.equal(worker.awaitedMs, 2_000);
  main.await(undefined);
  assert.ok(worker.awaitedMs < 0);
});
