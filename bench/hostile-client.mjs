// One client who means no good, from an address of its own: everything that a server may be asked for without end.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answering, Child } from './child.mjs';
import { publishing, rtmpMessage, VIDEO } from './rtmp-client.mjs';

const ADDRESS = '127.0.0.2';
const FIRST_PORT = 10_000;
const LAST_PORT = 60_000;
/** How many at once, or a second. */
const SLOW_READERS = 200;
const SLOW_READ_MS = 30_000;
const PARKED = 2000;
const FAR_AHEAD_A_SECOND = 200;
const HALF_OPEN_STREAMS = 20;
const CHUNK_STREAMS = 60;
const SLOW_HEADS = 500;
const FLOOD = 9000;
const FLOOD_A_SECOND = 1000;

/** The process, as a benchmark sees it. It stands back behind the honest programs on the same core. */
export class HostileClient extends Child {
  constructor() {
    super(import.meta.url, { niceness: 10 });
  }

  /** Begins, and never ends. `kinds`: of `KINDS`; `playlistUrl`: of a live stream; `rtmpUrls`: of channels of its own. */
  begin(kinds, { playlistUrl, rtmpUrls }) {
    return this.ask({ kinds, playlistUrl, rtmpUrls });
  }

  /** Connections that it opened, and those that the server ended, since the last report; `open`: now. */
  report() {
    return this.ask({ report: true });
  }
}

const counts = { opened: 0, ended: 0, open: 0 };

/**
 * One after the other: where the system is to find a free port of an address with thousands of connections, it searches for seconds, and
 * honest programs on the same core wait as long.
 */
const nextPort = (() => {
  let port = FIRST_PORT;
  return () => {
    port = port === LAST_PORT ? FIRST_PORT : port + 1;
    return port;
  };
})();

/** Resolves with a connection, or with nothing where the server does not want it. */
function opened({ host, port }) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, localAddress: ADDRESS, localPort: nextPort() });
    socket.on('error', () => resolve(undefined));
    socket.once('connect', () => {
      counts.opened++;
      counts.open++;
      socket.once('close', () => {
        counts.ended++;
        counts.open--;
      });
      resolve(socket);
    });
  });
}

const closed = (socket) => new Promise((resolve) => socket.once('close', resolve));

/** Keeps `count` of `one` going: where one is over, another begins. */
function crowd(count, one) {
  for (let i = 0; i < count; i++) {
    void (async () => {
      // Not all in one moment.
      await sleep((i * 2000) / count);
      for (;;) {
        await one(i).catch(() => {});
        await sleep(1000);
      }
    })();
  }
}

const request = ({ path, host, port }) => `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`;

const KINDS = {
  /** Takes a byte a second of a dozen segments, and does not hear that it was cut off. */
  'slow-readers': (target) =>
    crowd(SLOW_READERS, async () => {
      const { msn } = await edgeOf(target);
      const socket = await opened(target);
      if (!socket) return;
      for (let n = 0; n < 12; n++) {
        const path = target.path.replace(/playlist\.m3u8.*/, `${msn - 1 - n}.ts`);
        socket.write(request({ ...target, path }));
      }
      socket.pause();
      const reading = setInterval(() => socket.read(1), 1000);
      await Promise.race([closed(socket), sleep(SLOW_READ_MS)]);
      clearInterval(reading);
      socket.destroy();
    }),

  /** Has a reload held, and goes away. */
  parked: (target) =>
    crowd(PARKED, async (i) => {
      const { msn } = await edgeOf(target);
      const socket = await opened(target);
      if (!socket) return;
      socket.resume();
      socket.write(request({ ...target, path: `${target.path}&_HLS_msn=${msn + 1}` }));
      await Promise.race([closed(socket), sleep(500 + (i % 10) * 100)]);
      socket.destroy();
    }),

  /** Asks for playlists and parts that nobody can know of yet. */
  'far-ahead': (target) =>
    crowd(FAR_AHEAD_A_SECOND, async (i) => {
      const { msn } = await edgeOf(target);
      const socket = await opened(target);
      if (!socket) return;
      socket.resume();
      const ahead = msn + 2 + i;
      const part = target.path.replace(/playlist\.m3u8.*/, `${ahead}.${i % 10}.ts`);
      const path = i % 2 === 0 ? part : `${target.path}&_HLS_msn=${ahead}&_HLS_part=${i}`;
      while (!socket.destroyed) {
        socket.write(request({ ...target, path }));
        await Promise.race([closed(socket), sleep(1000)]);
      }
    }),

  /** Says a byte of a request's head every second. */
  'slow-heads': (target) =>
    crowd(SLOW_HEADS, async () => {
      const socket = await opened(target);
      if (!socket) return;
      socket.resume();
      for (const byte of request({ ...target, path: `/${'a'.repeat(200)}` })) {
        if (socket.destroyed) return;
        socket.write(byte);
        await Promise.race([closed(socket), sleep(1000)]);
      }
    }),

  /** Begins a message on each of many chunk streams, and finishes none. */
  'half-open-streams': (_, urls) =>
    crowd(HALF_OPEN_STREAMS, async (i) => {
      const { hostname: host, port } = new URL(urls[i % urls.length]);
      const socket = await opened({ host, port });
      if (!socket) return;
      // Most of them are refused: the channel has an encoder.
      await publishing(socket, urls[i % urls.length], 128).catch(() => {});
      const body = Buffer.alloc(60_000);
      for (let stream = 0; stream < CHUNK_STREAMS && !socket.destroyed; stream++) {
        const message = { typeId: VIDEO, messageStreamId: 1, timestampMs: stream, body };
        const bytes = rtmpMessage({ ...message, chunkStreamId: 4 + (stream % 60) }, 128);
        socket.write(bytes.subarray(0, 100 * 129));
        await sleep(100);
      }
      await closed(socket);
    }),

  /** Has as many connections as it is let have, and asks for more. */
  flood: (target) => {
    crowd(FLOOD_A_SECOND, async () => {
      if (counts.open >= FLOOD) return;
      const socket = await opened(target);
      socket?.resume();
    });
  },
};

/** The newest segment, asked for once a second at most. */
const edgeOf = (() => {
  let edge;
  return (target) => {
    if (edge && performance.now() - edge.atMs < 1000) return edge.read;
    const read = fetch(target.url).then(async (answer) => {
      const text = await answer.text();
      const [first] = /(?<=MEDIA-SEQUENCE:)\d+/.exec(text);
      return { msn: Number(first) + text.match(/#EXTINF/g).length };
    });
    edge = { atMs: performance.now(), read };
    return read;
  };
})();

answering(import.meta.url, ({ kinds, playlistUrl, rtmpUrls, report }) => {
  if (report) {
    const told = { ...counts };
    Object.assign(counts, { opened: 0, ended: 0 });
    return told;
  }
  const { hostname: host, port, pathname, search } = new URL(playlistUrl);
  const target = { url: playlistUrl, host, port, path: `${pathname}${search}` };
  for (const kind of kinds) KINDS[kind](target, rtmpUrls);
});
