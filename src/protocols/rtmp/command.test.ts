import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { type Amf0Value, amf0Object, decodeAmf0, EcmaArray, encodeAmf0 } from '../amf0.ts';
import {
  decodeEncoderCommand,
  decodeEncoderData,
  encodeConnectAnswer,
  encodeOnStatus,
} from './command.ts';
import { MESSAGE_TYPE } from './message.ts';

const decode = (...values: Amf0Value[]) =>
  decodeEncoderCommand(MESSAGE_TYPE.commandAmf0, encodeAmf0(values));

test('decodeEncoderCommand() reads connect', () => {
  const members = {
    app: 'app',
    flashVer: 'FMLE/3.0 (compatible; FMSc/1.0)',
    tcUrl: 'rtmp://h/app',
  };
  assert.deepEqual(decode('connect', 1, amf0Object(members)), {
    name: 'connect',
    transactionId: 1,
    app: 'app',
    encoder: 'FMLE/3.0 (compatible; FMSc/1.0)',
    objectEncoding: 0,
  });
});

test('decodeEncoderCommand() reads the stream name where a command has one', () => {
  for (const name of ['publish', 'releaseStream', 'FCPublish', 'FCUnpublish', 'play'] as const) {
    const command = decode(name, 4, null, 'key?priority=2', 'live');
    assert.deepEqual(command, { name, transactionId: 4, streamName: 'key?priority=2' });
  }
});

test('decodeEncoderCommand() reads deleteStream, closeStream and createStream', () => {
  assert.deepEqual(decode('deleteStream', 5, null, 1), {
    name: 'deleteStream',
    transactionId: 5,
    messageStreamId: 1,
  });
  assert.deepEqual(decode('closeStream', 0, null), { name: 'closeStream', transactionId: 0 });
  assert.deepEqual(decode('createStream', 2, null), { name: 'createStream', transactionId: 2 });
});

test('decodeEncoderCommand() gives other when it does not know the command', () => {
  assert.deepEqual(decode('_checkbw', 5, null), { name: 'other', transactionId: 5 });
  assert.deepEqual(decode('toString', 5, null), { name: 'other', transactionId: 5 });
});

test('decodeEncoderCommand() reads an AMF3 command after its zero byte', () => {
  const body = Buffer.concat([Buffer.of(0), encodeAmf0(['createStream', 2, null])]);
  assert.equal(decodeEncoderCommand(MESSAGE_TYPE.commandAmf3, body).name, 'createStream');
});

test('decodeEncoderCommand() and decodeEncoderData() read no further than they must', () => {
  const avmPlus = Buffer.of(0x11, 0x0a);
  const command = Buffer.concat([encodeAmf0(['onFI', 0, null]), avmPlus]);
  assert.equal(decodeEncoderCommand(MESSAGE_TYPE.commandAmf0, command).name, 'other');
  const data = Buffer.concat([encodeAmf0(['@setDataFrame', 'onFI']), avmPlus]);
  assert.equal(decodeEncoderData(MESSAGE_TYPE.dataAmf0, data), undefined);
});

test('decodeEncoderCommand() throws ProtocolViolation when the name or the command object is missing', () => {
  assert.throws(() => decode(), ProtocolViolation);
  assert.throws(() => decode(7), ProtocolViolation);
  assert.throws(() => decode('connect', 1, null), ProtocolViolation);
});

test('decodeEncoderData() reads onMetaData bare, in @setDataFrame and from AMF3', () => {
  const metadata = new EcmaArray([['width', 1280]]);
  const said = { name: 'onMetaData', members: metadata };
  const bare = encodeAmf0(['onMetaData', metadata]);
  const wrapped = encodeAmf0(['@setDataFrame', 'onMetaData', metadata]);
  assert.deepEqual(decodeEncoderData(MESSAGE_TYPE.dataAmf0, bare), said);
  assert.deepEqual(decodeEncoderData(MESSAGE_TYPE.dataAmf0, wrapped), said);
  const amf3 = Buffer.concat([Buffer.of(0), wrapped]);
  assert.deepEqual(decodeEncoderData(MESSAGE_TYPE.dataAmf3, amf3), said);
});

test('decodeEncoderData() reads the text of onTextData, and passes over what it can not read', () => {
  const object = amf0Object({ type: 'Text', text: 'ü' });
  for (const value of [object, new EcmaArray([...object]), 'ü']) {
    const body = encodeAmf0(['onTextData', value]);
    assert.deepEqual(decodeEncoderData(MESSAGE_TYPE.dataAmf0, body), {
      name: 'onTextData',
      text: 'ü',
    });
  }
  const avmPlus = Buffer.concat([encodeAmf0(['onTextData']), Buffer.of(0x11, 0x0a)]);
  assert.equal(decodeEncoderData(MESSAGE_TYPE.dataAmf0, avmPlus), undefined);
  const noText = encodeAmf0(['onTextData', amf0Object({ text: 7 })]);
  assert.equal(decodeEncoderData(MESSAGE_TYPE.dataAmf0, noText), undefined);
});

test('decodeEncoderData() gives nothing for other data messages', () => {
  const cuePoint = encodeAmf0(['onCuePoint', amf0Object({ name: 'x' })]);
  assert.equal(decodeEncoderData(MESSAGE_TYPE.dataAmf0, cuePoint), undefined);
  assert.equal(decodeEncoderData(MESSAGE_TYPE.dataAmf0, new Uint8Array(0)), undefined);
});

test('encodeConnectAnswer() is a _result with fmsVer, or an _error without properties', () => {
  const info = { code: 'NetConnection.Connect.Success', description: 'Connection succeeded' };
  const [name, id, properties, status] = decodeAmf0(
    encodeConnectAnswer(1, { level: 'status', ...info }, 3),
  );
  assert.equal(name, '_result');
  assert.equal(id, 1);
  assert.ok(properties instanceof Map && typeof properties.get('fmsVer') === 'string');
  assert.ok(status instanceof Map && status.get('objectEncoding') === 3);
  const error = decodeAmf0(encodeConnectAnswer(1, { level: 'error', ...info }, 0));
  assert.deepEqual(error.slice(0, 3), ['_error', 1, null]);
});

test('encodeOnStatus() carries level, code and description', () => {
  const info = { level: 'error', code: 'NetStream.Publish.BadName', description: 'no' } as const;
  assert.deepEqual(decodeAmf0(encodeOnStatus(info)), [
    'onStatus',
    0,
    null,
    amf0Object({ ...info }),
  ]);
});

test('decodeEncoderCommand() decodes any bytes or throws ProtocolViolation', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.constantFrom(17, 20), (tail, typeId) => {
      try {
        decodeEncoderCommand(typeId, Buffer.concat([encodeAmf0(['publish']), tail]));
      } catch (error) {
        assert.ok(error instanceof ProtocolViolation, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
