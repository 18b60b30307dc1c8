import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, Server } from 'node:net';
import { platform } from 'node:os';
import { describe, test } from 'node:test';
import { type PortSharing, SharedPort } from './shared-port.ts';

const HOST = '127.0.0.1';
const CONNECTIONS = 64;

/** Opens connections while this thread is busy. Resolves with how many were accepted in each round of the event loop. */
async function acceptedByRound(sharing: PortSharing): Promise<number[]> {
  const rounds: number[] = [];
  let inThisRound = 0;
  const { promise: allAccepted, resolve } = Promise.withResolvers<void>();
  let accepted = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {}).destroy();
    inThisRound++;
    if (++accepted === CONNECTIONS) resolve();
  });
  const port = new SharedPort(server, {});
  const bound = await port.listen({ host: HOST, port: 0, sharing }, assert.fail);
  const sockets = Array.from({ length: CONNECTIONS }, () =>
    connect(bound, HOST).on('error', () => {}),
  );
  const countRound = () => {
    if (inThisRound > 0) rounds.push(inThisRound);
    inThisRound = 0;
    if (accepted < CONNECTIONS) setImmediate(countRound);
  };
  setImmediate(countRound);
  await allAccepted;
  for (const socket of sockets) socket.destroy();
  await port.close();
  return rounds;
}

describe('SharedPort', {
  skip: platform() !== 'linux' && 'no system to spread connections',
}, () => {
  test('takes several connections in a round of the event loop', async () => {
    const rounds = await acceptedByRound('begin');
    assert.ok(rounds.length <= CONNECTIONS / 3, `${rounds}`);
  });

  test('takes one in each where nobody else may have the port: that is libuv’s way', async () => {
    assert.deepEqual(new Set(await acceptedByRound(undefined)), new Set([1]));
  });

  test('can be had by those who join, but not begun twice', async () => {
    const first = new SharedPort(createServer(), {});
    const port = await first.listen({ host: HOST, port: 0, sharing: 'begin' }, assert.fail);
    const second = new SharedPort(createServer(), {});
    const begin = () => second.listen({ host: HOST, port, sharing: 'begin' }, assert.fail);
    await assert.rejects(begin, { code: 'EADDRINUSE' });
    await second.listen({ host: HOST, port, sharing: 'join' }, assert.fail);
    await first.close();
    await second.close();
    assert.equal(await first.listen({ host: HOST, port, sharing: 'begin' }, assert.fail), port);
    await first.close();
  });

  test('is served by fewer listeners where the system has no more, and all of them can be closed', async (t) => {
    const real = Server.prototype.listen;
    let calls = 0;
    t.mock.method(Server.prototype, 'listen', function (this: Server, ...args: unknown[]) {
      if (++calls <= 4) return Reflect.apply(real, this, args);
      process.nextTick(() => this.emit('error', new Error('no descriptors')));
      return this;
    });
    const errors: string[] = [];
    const shared = new SharedPort(createServer(), {});
    const address = { host: HOST, port: 0, sharing: 'begin' } as const;
    const port = await shared.listen(address, ({ message }) => errors.push(message));
    assert.deepEqual([calls, errors], [5, ['no descriptors']]);
    await shared.close();
    const socket = connect(port, HOST);
    const [error] = await once(socket, 'error');
    assert.equal(error.code, 'ECONNREFUSED');
  });

  test('that is closed while it is being opened stays closed', async () => {
    const shared = new SharedPort(createServer(), {});
    const opening = shared.listen({ host: HOST, port: 0, sharing: 'join' }, assert.fail);
    while (!shared.server.listening) await new Promise(setImmediate);
    await shared.close();
    const socket = connect(await opening, HOST);
    const [error] = await once(socket, 'error');
    assert.equal(error.code, 'ECONNREFUSED');
  });

  test('that is closed before its first listener has a port takes no connections, and keeps nobody waiting', async () => {
    const shared = new SharedPort(createServer(), {});
    const opening = shared.listen({ host: HOST, port: 0, sharing: 'join' }, assert.fail);
    await shared.close();
    await opening;
    assert.equal(shared.server.listening, false);
  });
});
