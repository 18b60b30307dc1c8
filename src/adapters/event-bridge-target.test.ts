import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { EventReceiver } from '../../test/support/event-receiver.ts';
import { DeliveryFailure } from '../domain/delivery-failure.ts';
import { type EventBridgeConfig, parseTargetFile } from '../events/target-file.ts';
import { EventBridgeTarget } from './event-bridge-target.ts';
import { CHANNEL_ARN, ENVELOPE } from './testing/envelope.ts';

const NEVER = new AbortController().signal;

function targetAt(endpoint: string, members: object = {}, timeoutMs?: number): EventBridgeTarget {
  const { targets, problems } = parseTargetFile(
    JSON.stringify({
      targets: [
        {
          ...{ name: 'bus', type: 'eventbridge', eventBusName: 'live', region: 'eu-west-1' },
          ...{ endpoint, accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret', ...members },
        },
      ],
    }),
  );
  assert.deepEqual(problems, []);
  return new EventBridgeTarget(targets[0] as EventBridgeConfig, timeoutMs);
}

/** As EventBridge answers, in AWS's JSON 1.1. */
const reply = (response: ServerResponse, status: number, body: object) =>
  void response
    .writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    .end(JSON.stringify(body));

const TAKEN = { FailedEntryCount: 0, Entries: [{ EventId: 'their own' }] };

describe('EventBridgeTarget', () => {
  test('puts one entry, signed, from a source that AWS allows', async () => {
    await using receiver = await EventReceiver.start((_, response) => reply(response, 200, TAKEN));
    await using target = targetAt(receiver.url);
    await target.deliver(ENVELOPE, NEVER);
    const [{ headers, body }] = receiver.received as [(typeof receiver.received)[0]];
    assert.equal(headers['x-amz-target'], 'AWSEvents.PutEvents');
    assert.match(
      headers.authorization ?? '',
      /AKIAEXAMPLE\/\d{8}\/eu-west-1\/events\/aws4_request/,
    );
    assert.deepEqual(JSON.parse(body), {
      Entries: [
        {
          EventBusName: 'live',
          Source: 'ivory.ivs',
          DetailType: 'IVS Stream State Change',
          Detail: JSON.stringify(ENVELOPE.detail),
          Resources: [CHANNEL_ARN],
          Time: Date.UTC(2017, 5, 12, 10, 23, 43) / 1000,
        },
      ],
    });
    await using other = targetAt(receiver.url, { source: 'aws.ivs' });
    await other.deliver({ ...ENVELOPE, resources: [] }, NEVER);
    const [entry] = JSON.parse(receiver.received[1]!.body).Entries;
    assert.deepEqual([entry.Source, entry.Resources], ['aws.ivs', []]);
  });

  test('says why an entry or the request was not taken, and whether another attempt may help', async () => {
    let answer: (response: ServerResponse) => void;
    await using receiver = await EventReceiver.start((_, response) => answer(response));
    await using target = targetAt(receiver.url);
    const assertFails = (message: RegExp, isFinal: boolean) =>
      assert.rejects(target.deliver(ENVELOPE, NEVER), (error: Error) => {
        assert.ok(error instanceof DeliveryFailure);
        assert.match(error.message, message);
        assert.equal(error.isFinal, isFinal);
        return true;
      });
    for (const [ErrorCode, isFinal] of [
      ['ThrottlingException', false],
      ['InternalFailure', false],
      ['MalformedDetail', true],
      ['NotAuthorizedForSource', true],
    ] as const) {
      const Entries = [{ ErrorCode, ErrorMessage: 'because' }];
      answer = (response) => reply(response, 200, { FailedEntryCount: 1, Entries });
      await assertFails(new RegExp(`^event bus live answered ${ErrorCode}: because$`), isFinal);
    }
    answer = (response) =>
      reply(response, 400, { __type: 'ValidationException', message: 'too large' });
    await assertFails(/ValidationException: too large/, true);
    answer = (response) => reply(response, 400, { __type: 'AccessDeniedException', message: 'no' });
    await assertFails(/AccessDeniedException/, false);
    answer = (response) => reply(response, 500, { __type: 'InternalException', message: 'oh' });
    await assertFails(/InternalException/, false);
    assert.equal(receiver.received.length, 7, 'its own retries are off');
    await receiver.kill();
    await assert.rejects(target.deliver(ENVELOPE, NEVER), /event bus live can not be reached: /);
  });

  test('gives up on an endpoint that takes the request and says nothing', async () => {
    await using receiver = await EventReceiver.start(() => {});
    await using target = targetAt(receiver.url, {}, 100);
    await assert.rejects(target.deliver(ENVELOPE, NEVER), /event bus live can not be reached: /);
    assert.equal(receiver.received.length, 1);
  });
});
