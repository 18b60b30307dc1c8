import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeId3Tag } from '../protocols/testing/id3-decoder.ts';
import { MetadataOwner, TimedMetadata } from './timed-metadata.ts';

const at = (ticks: number, text = `at ${ticks}`) => ({ owner: MetadataOwner.api, text, ticks });

test('TimedMetadata gives a text to the part that its time is in, or to the next one', () => {
  const texts = new TimedMetadata();
  for (const ticks of [17_999, 18_000, 40_000, 5]) texts.put(at(ticks));
  const first = texts.due(0, 18_000);
  assert.deepEqual(
    first.map(({ ptsTicks }) => ptsTicks),
    [17_999, 5],
  );
  texts.delivered(first);
  texts.put(at(7));
  const second = texts.due(18_000, 36_000);
  assert.deepEqual(
    second.map(({ ptsTicks }) => ptsTicks),
    [18_000, 18_000],
  );
});

test('TimedMetadata keeps what no part was made for', () => {
  const texts = new TimedMetadata();
  texts.put(at(1));
  assert.deepEqual(texts.due(0, 9), texts.due(0, 9));
});

test('TimedMetadata writes a PRIV frame of the owner, and no id twice', () => {
  const texts = new TimedMetadata();
  texts.put(at(0, 'ü\0'));
  texts.put(at(0, 'ü\0'));
  const [first, second] = texts.due(0, 1);
  assert.notEqual(first?.id, second?.id);
  assert.deepEqual(decodeId3Tag(first!.id3), [
    { kind: 'PRIV', owner: 'metadata.live-video.net', data: new TextEncoder().encode('ü\0') },
  ]);
});

test('TimedMetadata lets go of the oldest of too many', () => {
  const texts = new TimedMetadata();
  for (let ticks = 0; ticks < 1000; ticks++) texts.put(at(ticks));
  const due = texts.due(0, 1000);
  assert.deepEqual([due.length, due.at(-1)?.ptsTicks], [64, 999]);
});
