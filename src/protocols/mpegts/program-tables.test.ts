import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programTables, STREAM_PIDS, type StreamName } from './program-tables.ts';
import { readTransportStream } from './testing/ts-reader.ts';

const read = (streams: readonly StreamName[], clockStream: StreamName, version = 0) => {
  const tables = programTables({ streams, clockStream, version });
  const [program, ...others] = readTransportStream(tables).programs;
  assert.ok(program);
  assert.deepEqual(others, []);
  return program;
};
const readAll = (version?: number) => read(['video', 'audio', 'metadata'], 'video', version);

test('programTables() lists H.264, ADTS and timed ID3', () => {
  assert.deepEqual(
    readAll().streams.map(({ streamType, pid }) => [streamType, pid]),
    [
      [0x1b, STREAM_PIDS.video],
      [0x0f, STREAM_PIDS.audio],
      [0x15, STREAM_PIDS.metadata],
    ],
  );
});

test('programTables() lists no streams but those that there are', () => {
  const typesOf = (streams: readonly StreamName[]) =>
    read(streams, 'video').streams.map(({ streamType }) => streamType);
  assert.deepEqual(typesOf(['video', 'metadata']), [0x1b, 0x15]);
  assert.deepEqual(typesOf(['audio', 'metadata']), [0x0f, 0x15]);
});

test('programTables() names the PID that has the clock', () => {
  assert.equal(readAll().clockPid, STREAM_PIDS.video);
  assert.equal(read(['audio', 'metadata'], 'audio').clockPid, STREAM_PIDS.audio);
});

test('programTables() describes ID3 as "Timed Metadata for HTTP Live Streaming" 2.3 has it', () => {
  const { descriptors, streams } = readAll();
  const hex = (all: typeof descriptors) =>
    all.map(({ tag, content }) => [tag, content.toString('hex')]);
  const id3 = Buffer.from('ID3 ').toString('hex');
  // Formats and their identifiers, service 0, flags and reserved bits; the pointer ends in the program's number.
  assert.deepEqual(hex(descriptors), [[0x25, `ffff${id3}ff${id3}001f0001`]]);
  assert.deepEqual(hex(streams.at(-1)!.descriptors), [[0x26, `ffff${id3}ff${id3}000f`]]);
});

test('programTables() writes the version of the program map modulo 32', () => {
  assert.equal(readAll(31).version, 31);
  assert.equal(readAll(33).version, 1);
});
