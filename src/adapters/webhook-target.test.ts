import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { generate } from 'selfsigned';
import { EventReceiver } from '../../test/support/event-receiver.ts';
import { DeliveryFailure } from '../domain/delivery-failure.ts';
import { parseTargetFile, type WebhookConfig } from '../events/target-file.ts';
import { ENVELOPE } from './testing/envelope.ts';
import { WebhookTarget } from './webhook-target.ts';

const NOW_MS = 1_700_000_000_999;
const [NEW_SECRET, OLD_SECRET] = ['the new secret of the hook', 'the old secret of the hook'];
const NEVER = new AbortController().signal;

function targetAt(url: string, timeoutMs = 5000): WebhookTarget {
  const { targets } = parseTargetFile(
    JSON.stringify({
      targets: [{ name: 'hook', type: 'webhook', url, secret: [NEW_SECRET, OLD_SECRET] }],
    }),
  );
  const [config] = targets as readonly WebhookConfig[];
  return new WebhookTarget({ ...config!, timeoutMs }, { nowMs: () => NOW_MS });
}

describe('WebhookTarget', () => {
  test('posts the envelope, signed with each secret', async () => {
    await using receiver = await EventReceiver.start();
    await using target = targetAt(receiver.url);
    await target.deliver(ENVELOPE, NEVER);
    const [{ url, headers, body }] = receiver.received as [(typeof receiver.received)[0]];
    assert.equal(url, '/events?of=ivory');
    assert.deepEqual(JSON.parse(body), ENVELOPE);
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers['ivory-event-id'], ENVELOPE.id);
    const sign = (secret: string) =>
      createHmac('sha256', secret).update(`1700000000.${body}`).digest('hex');
    assert.equal(
      headers['ivory-signature'],
      `t=1700000000,v1=${sign(NEW_SECRET)},v1=${sign(OLD_SECRET)}`,
    );
  });

  test('says what a receiver answered, and whether another attempt may help', async () => {
    await using receiver = await EventReceiver.start((_, response) => answer(response));
    let answer: (response: ServerResponse) => void;
    await using target = targetAt(receiver.url);
    for (const [status, isFinal] of [
      [301, true],
      [400, true],
      [401, false],
      [404, true],
      [408, false],
      [410, true],
      [413, true],
      [429, false],
      [500, false],
      [503, false],
    ] as const) {
      answer = (response) => void response.writeHead(status, { location: '/elsewhere' }).end();
      await assert.rejects(target.deliver(ENVELOPE, NEVER), (error: Error) => {
        assert.ok(error instanceof DeliveryFailure);
        assert.equal(error.isFinal, isFinal, String(status));
        assert.equal(error.message, `127.0.0.1:${receiver.port} answered ${status}`);
        return true;
      });
    }
    assert.ok(
      receiver.received.every(({ url }) => url === '/events?of=ivory'),
      'no redirection',
    );
    answer = (response) => void response.writeHead(503, { 'retry-after': '7' }).end();
    await assert.rejects(target.deliver(ENVELOPE, NEVER), { retryAfterMs: 7000 });
    answer = (response) => void response.writeHead(503, { 'retry-after': 'soon' }).end();
    await assert.rejects(target.deliver(ENVELOPE, NEVER), { retryAfterMs: undefined });
  });

  test('gives up a receiver that hangs, and one that is not there, without its URL in the message', async () => {
    await using receiver = await EventReceiver.start(() => {});
    await using target = targetAt(receiver.url, 50);
    const host = `127.0.0.1:${receiver.port}`;
    await assert.rejects(target.deliver(ENVELOPE, NEVER), {
      message: `${host} did not answer within 0.05 s`,
    });
    await receiver.kill();
    await assert.rejects(target.deliver(ENVELOPE, NEVER), {
      message: `${host} can not be reached: ECONNREFUSED`,
    });
  });

  test('takes a change of protocols for a refusal, at once', async () => {
    await using receiver = await EventReceiver.start((_, response) => {
      response.socket?.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      );
    });
    await using target = targetAt(receiver.url);
    await assert.rejects(target.deliver(ENVELOPE, NEVER), {
      message: `127.0.0.1:${receiver.port} answered 101`,
      isFinal: false,
    });
  });

  test('sends again at once where an idle connection was closed under it', async () => {
    await using receiver = await EventReceiver.start();
    await using target = targetAt(receiver.url);
    for (let round = 0; round < 3; round++) {
      await target.deliver(ENVELOPE, NEVER);
      await receiver.kill();
      await receiver.listen();
    }
    await target.deliver(ENVELOPE, NEVER);
    assert.equal(receiver.received.length, 4);
  });

  test('speaks to no receiver whose certificate nobody vouches for', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
    });
    let requests = 0;
    await using server = createServer({ cert, key }, () => requests++).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await using target = targetAt(`https://127.0.0.1:${port}/`);
    await assert.rejects(target.deliver(ENVELOPE, NEVER), {
      message: `127.0.0.1:${port} can not be reached: DEPTH_ZERO_SELF_SIGNED_CERT`,
    });
    assert.equal(requests, 0);
  });

  test('ends at once when it is told to', async () => {
    await using receiver = await EventReceiver.start(() => abort.abort());
    await using target = targetAt(receiver.url);
    const abort = new AbortController();
    await assert.rejects(target.deliver(ENVELOPE, abort.signal));
  });

  test('takes a 2xx for a yes, whatever comes with it', async () => {
    await using receiver = await EventReceiver.start((_, response) => answer(response));
    let answer: (response: ServerResponse) => void = (response) => {
      response.writeHead(202);
      const chunk = Buffer.alloc(64 * 1024);
      const pour = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', pour);
      pour();
    };
    await using target = targetAt(receiver.url);
    await target.deliver(ENVELOPE, NEVER);
    answer = (response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('half', () => response.destroy());
    };
    await target.deliver(ENVELOPE, NEVER);
  });
});
