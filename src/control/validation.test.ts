import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchGetChannel } from './operations/batch-get-channel.ts';
import { createChannel } from './operations/create-channel.ts';
import { getStream } from './operations/get-stream.ts';
import { listChannels } from './operations/list-channels.ts';
import { validateInput } from './validation.ts';

const ARN = 'arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh';

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'ValidationException');
    return error.message;
  }
  return assert.fail('nothing was thrown');
}

test('validateInput() gives back what is declared', () => {
  assert.deepEqual(validateInput(getStream, { channelArn: ARN, more: 1 }), { channelArn: ARN });
});

test('validateInput() names a missing member in the words of IVS', () => {
  const expected = 'GetStream.channelArn is a required attribute';
  assert.equal(
    messageOf(() => validateInput(getStream, {})),
    expected,
  );
  assert.equal(
    messageOf(() => validateInput(getStream, { channelArn: null })),
    expected,
  );
});

test('validateInput() names the member, its value and the rule in the words of AWS', () => {
  assert.equal(
    messageOf(() => validateInput(listChannels, { maxResults: 101 })),
    "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100",
  );
});

test('validateInput() lists all that is wrong', () => {
  assert.equal(
    messageOf(() => validateInput(createChannel, { latencyMode: 'FAST', authorized: 'yes' })),
    "2 validation errors detected: Value 'FAST' at 'latencyMode' failed to satisfy constraint: Member must satisfy enum value set: [NORMAL, LOW]; " +
      "Value 'yes' at 'authorized' failed to satisfy constraint: Member must be a boolean",
  );
});

test('validateInput() counts list items from one and names nested members', () => {
  assert.match(
    messageOf(() => validateInput(batchGetChannel, { arns: [ARN, ''] })),
    /^2 validation errors detected: Value '' at 'arns\.2\.member'/,
  );
  assert.match(
    messageOf(() => validateInput(createChannel, { multitrackInputConfiguration: { policy: 1 } })),
    /at 'multitrackInputConfiguration\.policy'/,
  );
});

test('validateInput() does not send a large value back', () => {
  const message = messageOf(() => validateInput(createChannel, { name: '!'.repeat(100_000) }));
  assert.ok(message.length < 2000, `${message.length}`);
});

test('validateInput() names a value that is nested deeper than the stack', () => {
  let name: unknown = [];
  for (let i = 0; i < 200_000; i++) name = [name];
  assert.match(
    messageOf(() => validateInput(createChannel, { name })),
    /Value '\["\.\.\."\]' at 'name'/,
  );
});
