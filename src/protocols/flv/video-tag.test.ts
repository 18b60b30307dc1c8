import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { decodeVideoTag, type VideoTag } from './video-tag.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const ascii = (text: string) => Buffer.from(text).toString('hex');
const frame = (isKeyframe: boolean, compositionTimeMs: number): VideoTag => ({
  kind: 'frame',
  isKeyframe,
  compositionTimeMs,
  payload: hex('00000001 65'),
});

const cases: [string, string, VideoTag][] = [
  [
    'an AVC sequence header',
    '17 00 000000 01640028',
    { kind: 'sequence-header', bytes: hex('01640028') },
  ],
  ['an AVC keyframe', '17 01 000042 00000001 65', frame(true, 66)],
  ['an AVC inter frame', '27 01 000000 00000001 65', frame(false, 0)],
  ['an AVC frame with a negative composition time', '27 01 ffffdf 00000001 65', frame(false, -33)],
  ['an AVC disposable frame', '37 01 000000 00000001 65', frame(false, 0)],
  ['an AVC end of sequence', '17 02 000000', { kind: 'none' }],
  ['a command frame', '57 00', { kind: 'none' }],
  ['an empty message', '', { kind: 'none' }],
  ['Sorenson H.263', '12 00', { kind: 'unsupported', codec: 'Sorenson H.263' }],
  ['HEVC under a private codec id', '1c 00 000000', { kind: 'unsupported', codec: 'HEVC' }],
  ['an unassigned codec id', '1f 00', { kind: 'unsupported', codec: 'codec id 15' }],
  [
    'an enhanced AVC sequence header',
    `90 ${ascii('avc1')} 0164`,
    { kind: 'sequence-header', bytes: hex('0164') },
  ],
  ['enhanced AVC coded frames', `91 ${ascii('avc1')} 000021 00000001 65`, frame(true, 33)],
  ['enhanced AVC coded frames X', `a3 ${ascii('avc1')} 00000001 65`, frame(false, 0)],
  [
    'a nanosecond offset before enhanced AVC',
    `97 02 00007b 01 ${ascii('avc1')} 000021 00000001 65`,
    frame(true, 33),
  ],
  ['enhanced metadata', `94 ${ascii('avc1')} 02`, { kind: 'none' }],
  ['enhanced HEVC', `91 ${ascii('hvc1')} 000000`, { kind: 'unsupported', codec: 'HEVC' }],
  ['enhanced AV1', `90 ${ascii('av01')}`, { kind: 'unsupported', codec: 'AV1' }],
  ['an unknown FourCC', '90 01020304', { kind: 'unsupported', codec: 'FourCC 0x01020304' }],
  ['multitrack', `96 00 ${ascii('avc1')}`, { kind: 'unsupported', codec: 'multitrack' }],
];

for (const [name, bytes, tag] of cases) {
  test(`decodeVideoTag() reads ${name}`, () => assert.deepEqual(decodeVideoTag(hex(bytes)), tag));
}

test('decodeVideoTag() gives the payload as a view of the message', () => {
  const body = hex('17 01 000000 00000001 65');
  const tag = decodeVideoTag(body);
  assert.ok(tag.kind === 'frame' && tag.payload.buffer === body.buffer);
});

test('decodeVideoTag() decodes any bytes or throws ProtocolViolation', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (body) => {
      try {
        decodeVideoTag(body);
      } catch (error) {
        assert.ok(error instanceof ProtocolViolation, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
