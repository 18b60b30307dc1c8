// The servers of `npm run bench`, each started the way its users start it.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateChannelCommand, IvsClient } from '@aws-sdk/client-ivs';
import { credentials, ivoryCommand, ivoryEnvironment, region } from './ivory-process.mjs';
import { freePort, start } from './processes.mjs';

export const nginx = {
  name: 'nginx',
  async start(folder, streams) {
    const [rtmp, http] = [await freePort(), await freePort()];
    await mkdir(`${folder}/hls`);
    await writeFile(`${folder}/nginx.conf`, nginxConfiguration(folder, rtmp, http));
    const server = start(['nginx', '-p', folder, '-c', `${folder}/nginx.conf`], { cores: '0' });
    await sleep(500);
    return {
      pid: server.pid,
      rtmpUrls: Array.from({ length: streams }, (_, i) => `rtmp://127.0.0.1:${rtmp}/live/s${i}`),
      playlistUrl: async (i) => `http://127.0.0.1:${http}/s${i}.m3u8`,
      stop: () => ended(server),
    };
  },
};

export const ivory = {
  name: 'ivory',
  async start(folder, streams) {
    const [http, rtmp, rtmps] = [await freePort(), await freePort(), await freePort()];
    const endpoint = `http://127.0.0.1:${http}`;
    const env = ivoryEnvironment({ dataDirectory: folder, http, rtmp, rtmps });
    const server = start(ivoryCommand(), { cores: '0', env });
    while (!(await fetch(`${endpoint}/readyz`).catch(() => undefined))?.ok) await sleep(50);
    const client = new IvsClient({ endpoint, region, credentials });
    const channels = [];
    for (let i = 0; i < streams; i++) {
      // BASIC is IVS's name for what nginx does: the encoder's stream, passed through.
      const input = { type: 'BASIC', insecureIngest: true };
      channels.push(await client.send(new CreateChannelCommand(input)));
    }
    client.destroy();
    return {
      pid: server.pid,
      rtmpUrls: channels.map(({ streamKey }) => `rtmp://127.0.0.1:${rtmp}/app/${streamKey.value}`),
      playlistUrl: async (i) => {
        const list = await (await fetch(channels[i].channel.playbackUrl)).text();
        return list.split('\n').find((line) => line.startsWith('http'));
      },
      stop: () => ended(server),
    };
  },
};

async function ended(server) {
  server.kill('SIGTERM');
  await once(server, 'exit');
}

function nginxConfiguration(folder, rtmp, http) {
  const modules = /--modules-path=(\S+)/.exec(
    execFileSync('nginx', ['-V', '-q'], { stdio: 'pipe', encoding: 'utf8' }),
  )?.[1];
  return `load_module ${modules ?? '/usr/lib/nginx/modules'}/ngx_rtmp_module.so;
daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log warn; ${process.getuid() === 0 ? 'user root;' : ''}
events { worker_connections 4096; }
rtmp { server { listen 127.0.0.1:${rtmp}; chunk_size 4096; application live {
  live on; record off; hls on; hls_path ${folder}/hls; hls_fragment 2s; hls_playlist_length 12s; } } }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; }
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${http}; root ${folder}/hls; } }
`;
}
