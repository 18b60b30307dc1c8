import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { AdtsFormat } from './adts.ts';

const config = (hex: string) => Buffer.from(hex, 'hex');

const header = (configHex: string, frameByteLength: number) => {
  const format = new AdtsFormat(config(configHex));
  const bytes = Buffer.alloc(format.byteLength(new Uint8Array(frameByteLength)));
  format.write(bytes, 0, new Uint8Array(frameByteLength));
  return bytes.subarray(0, 7).toString('hex');
};

const cases: { name: string; config: string; header: string }[] = [
  { name: 'AAC-LC, 48 kHz, stereo', config: '1190', header: 'fff14c80201ffc' },
  { name: 'AAC-LC, 44.1 kHz, mono', config: '1208', header: 'fff15040201ffc' },
  { name: 'AAC-LC, 7.1', config: '11b8', header: 'fff14dc0201ffc' },
  { name: 'AAC Main, 96 kHz, stereo', config: '0810', header: 'fff10080201ffc' },
  { name: '48 kHz spelled out', config: '17805dc010', header: 'fff14c80201ffc' },
  // The core is LC at 24 kHz; ADTS does not tell of SBR.
  { name: 'HE-AAC, 24 and 48 kHz, stereo', config: '2b118800', header: 'fff15880201ffc' },
];
for (const { name, config: configHex, header: expected } of cases) {
  test(`AdtsFormat writes the header of ${name}`, () => {
    assert.equal(header(configHex, 0x100 - 7), expected);
  });
}

test('AdtsFormat writes all 13 bits of a frame length', () => {
  // 0x1fff is 11, 11111111, 111.
  assert.equal(header('1190', 0x1fff - 7), 'fff14c83fffffc');
});

test('AdtsFormat.byteLength() refuses a frame that no header can describe', () => {
  const format = new AdtsFormat(config('1190'));
  assert.throws(() => format.byteLength(new Uint8Array(0x2000 - 7)), ProtocolViolation);
});

test('AdtsFormat refuses configurations that no header can describe', () => {
  // 47,999 Hz; frames of 960 samples; a program_config_element; channelConfiguration 12.
  for (const hex of ['17805dbf90', '1194', '118004c400002000', '11e0']) {
    assert.throws(() => new AdtsFormat(config(hex)), ProtocolViolation, hex);
  }
  assert.throws(() => new AdtsFormat(config('1194')), /frames have 960 samples/);
  assert.throws(() => new AdtsFormat(config('118004c400002000')), /channelConfiguration is 0/);
  assert.throws(() => new AdtsFormat(config('11e0')), /channelConfiguration is 12/);
});

test('AdtsFormat counts the duration of a frame in 90 kHz', () => {
  assert.equal(new AdtsFormat(config('1190')).frameTicks, 1920);
  assert.equal(new AdtsFormat(config('2b118800')).frameTicks, 3840);
});
