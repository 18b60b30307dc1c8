// So many calls and no more, which wrk can't do.
import { once } from 'node:events';
import { connect } from 'node:net';

/** Sends `count` of `calls`, in turns, over so many connections. Resolves when all are answered, with what wrk says of its own. */
export async function countedCalls(calls, count, connections) {
  const requests = calls.map(requestOf);
  const { hostname: host, port } = new URL(calls[0].url);
  const latenciesMs = [];
  let [sent, failed] = [0, 0];
  const startedMs = performance.now();
  const callAgainAndAgain = async () => {
    const socket = connect({ host, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    while (sent < count) {
      const sentMs = performance.now();
      socket.write(requests[sent++ % requests.length]);
      if (!(await isAnsweredWell(socket))) failed++;
      latenciesMs.push(performance.now() - sentMs);
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: connections }, callAgainAndAgain));
  const perSecond = (count * 1000) / (performance.now() - startedMs);
  latenciesMs.sort((a, b) => a - b);
  return { requests: count, perSecond, p99Ms: latenciesMs[Math.floor(count * 0.99)], failed };
}

function requestOf({ method, url, headers, body }) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${new URL(url).pathname} HTTP/1.1\r\n${lines.join('')}`;
  return Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

async function isAnsweredWell(socket) {
  let answer = '';
  for (;;) {
    const [bytes] = await once(socket, 'data');
    answer += bytes.toString('latin1');
    const end = answer.indexOf('\r\n\r\n');
    if (end === -1) continue;
    const length = Number(/content-length: (\d+)/i.exec(answer)[1]);
    if (answer.length >= end + 4 + length) return answer.startsWith('HTTP/1.1 2');
  }
}
