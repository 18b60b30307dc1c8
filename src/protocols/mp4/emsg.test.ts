import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventMessageScheme, encodeEventMessage } from './emsg.ts';

const message = {
  schemeIdUri: EventMessageScheme.twitchId3,
  value: '',
  timescale: 90_000,
  time: { presentationTimeDeltaTicks: 5 },
  eventDurationTicks: 90,
  id: 3,
  messageData: Uint8Array.of(0x49, 0x44, 0x33),
};

test('encodeEventMessage() writes the fields of a version 0 emsg in their order', () => {
  assert.equal(
    Buffer.from(encodeEventMessage(message)).toString('hex'),
    [
      '0000002f', // size
      Buffer.from('emsg').toString('hex'),
      '00000000', // version, flags
      `${Buffer.from('urn:twitch:id3').toString('hex')}00`, // scheme_id_uri
      '00', // value
      '00015f90', // timescale
      '00000005', // presentation_time_delta
      '0000005a', // event_duration
      '00000003', // id
      '494433', // message_data
    ].join(''),
  );
});

test('encodeEventMessage() writes the fields of a version 1 emsg in their order', () => {
  const time = { presentationTimeTicks: 2 ** 32 + 5 };
  assert.equal(
    Buffer.from(encodeEventMessage({ ...message, time })).toString('hex'),
    [
      '00000033', // size
      Buffer.from('emsg').toString('hex'),
      '01000000', // version, flags
      '00015f90', // timescale
      '0000000100000005', // presentation_time
      '0000005a', // event_duration
      '00000003', // id
      `${Buffer.from('urn:twitch:id3').toString('hex')}00`, // scheme_id_uri
      '00', // value
      '494433', // message_data
    ].join(''),
  );
});

test('encodeEventMessage() refuses a string that a zero would end early', () => {
  assert.throws(() => encodeEventMessage({ ...message, value: 'a\0b' }), RangeError);
});
