import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  errorReply,
  formatRequestId,
  formatTimestamp,
  preflightReply,
  successReply,
} from './rest-json.ts';

test('errorReply() names the error in a header and sends the message under both names', () => {
  const reply = errorReply({ name: 'ChannelNotBroadcasting', status: 404, message: 'off' }, 'id-1');
  assert.equal(reply.status, 404);
  assert.equal(reply.headers['x-amzn-ErrorType'], 'ChannelNotBroadcasting');
  assert.equal(reply.headers['x-amzn-RequestId'], 'id-1');
  assert.equal(reply.headers['Content-Type'], 'application/json');
  assert.equal(reply.body, '{"message":"off","exceptionMessage":"off"}');
});

test('successReply() sends the output as JSON with status 200', () => {
  const reply = successReply(200, { channel: { name: '' } }, 'id-1');
  assert.equal(reply.body, '{"channel":{"name":""}}');
  assert.equal(reply.headers['Access-Control-Allow-Origin'], '*');
});

test('successReply() sends no body and no content type with status 204', () => {
  const reply = successReply(204, {}, 'id-1');
  assert.equal(reply.body, undefined);
  assert.equal(reply.headers['Content-Type'], undefined);
  assert.equal(reply.headers['x-amzn-RequestId'], 'id-1');
});

test('preflightReply() allows what the SDKs send from a browser', () => {
  const { headers, status } = preflightReply(['POST', 'DELETE'], 'id-1');
  assert.equal(status, 204);
  assert.equal(headers['Access-Control-Allow-Methods'], 'POST,DELETE');
  const allowed = String(headers['Access-Control-Allow-Headers']).toLowerCase().split(',');
  for (const name of ['authorization', 'x-amz-date', 'x-amz-security-token', 'content-type']) {
    assert.ok(allowed.includes(name), name);
  }
});

test('formatTimestamp() writes whole seconds', () => {
  assert.equal(formatTimestamp(Date.UTC(2020, 4, 5, 21, 55, 38, 999)), '2020-05-05T21:55:38Z');
});

test('formatRequestId() makes a UUID of version 4', () => {
  assert.equal(
    formatRequestId(new Uint8Array(16).fill(0xff)),
    'ffffffff-ffff-4fff-bfff-ffffffffffff',
  );
});
