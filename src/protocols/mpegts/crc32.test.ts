import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32Mpeg2 } from './crc32.ts';

test('crc32Mpeg2() gives the published check value of CRC-32/MPEG-2', () => {
  assert.equal(crc32Mpeg2(Buffer.from('123456789')), 0x0376_e6e7);
});

test('crc32Mpeg2() leaves nothing when a section is followed by its CRC', () => {
  // The PAT that ffmpeg writes.
  const section = Buffer.from('00b00d0001c100000001f0002ab104b2', 'hex');
  assert.equal(crc32Mpeg2(section.subarray(0, -4)), section.readUInt32BE(12));
  assert.equal(crc32Mpeg2(section), 0);
});
