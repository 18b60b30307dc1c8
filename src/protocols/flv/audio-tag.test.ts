import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { type AudioTag, decodeAudioTag } from './audio-tag.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const ascii = (text: string) => Buffer.from(text).toString('hex');

const cases: [string, string, AudioTag][] = [
  ['an AAC sequence header', 'af 00 1190', { kind: 'sequence-header', bytes: hex('1190') }],
  ['a raw AAC frame', 'af 01 2110', { kind: 'frame', payload: hex('2110') }],
  ['an empty message', '', { kind: 'none' }],
  ['MP3', '2f ff', { kind: 'unsupported', codec: 'MP3' }],
  ['Speex', 'b2 00', { kind: 'unsupported', codec: 'Speex' }],
  ['an unassigned format', 'cf 00', { kind: 'unsupported', codec: 'format 12' }],
  [
    'an enhanced AAC sequence start',
    `90 ${ascii('mp4a')} 1190`,
    { kind: 'sequence-header', bytes: hex('1190') },
  ],
  [
    'enhanced AAC coded frames',
    `91 ${ascii('mp4a')} 2110`,
    { kind: 'frame', payload: hex('2110') },
  ],
  ['an enhanced sequence end', `92 ${ascii('mp4a')}`, { kind: 'none' }],
  ['enhanced Opus', `90 ${ascii('Opus')}`, { kind: 'unsupported', codec: 'Opus' }],
  ['multitrack', `95 00 ${ascii('mp4a')}`, { kind: 'unsupported', codec: 'multitrack' }],
];

for (const [name, bytes, tag] of cases) {
  test(`decodeAudioTag() reads ${name}`, () => assert.deepEqual(decodeAudioTag(hex(bytes)), tag));
}

test('decodeAudioTag() decodes any bytes or throws ProtocolViolation', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (body) => {
      try {
        decodeAudioTag(body);
      } catch (error) {
        assert.ok(error instanceof ProtocolViolation, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
