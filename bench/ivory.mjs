// Ivory's adapter for the bench harness (its README: "Adding a server"). It starts the checkout it lies in, with everything
// on that a default start has on, and makes its channels through the API as any client would.
import { createHash, createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CreateChannelCommand, IvsClient } from '@aws-sdk/client-ivs';
import { SignatureV4 } from '@smithy/signature-v4';
import { findRuntime } from '../launch/runtime.mjs';

const home = fileURLToPath(new URL('..', import.meta.url));
const region = 'us-east-1';
const credentials = {
  accessKeyId: 'AKIABENCHBENCHBENCH2',
  secretAccessKey: 'bench-bench-bench-bench-bench-bench-bench',
};

export const records = false;
export const available = () => existsSync(`${home}node_modules`);
export const version = () => 'ivory, this checkout';

export async function setup({ dir, port, n = 1 }) {
  const [http, rtmp, rtmps] = [await port(), await port(), await port()];
  const endpoint = `http://127.0.0.1:${http}`;
  const channels = [];
  const control = [];
  return {
    processes: [
      {
        argv: [process.env.BENCH_NODE ?? findRuntime(home), `${home}src/main.ts`],
        env: {
          IVORY_DATA_DIR: `${dir}/data`,
          IVORY_HTTP_PORT: String(http),
          IVORY_RTMP_PORT: String(rtmp),
          IVORY_RTMPS_PORT: String(rtmps),
          IVORY_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
          IVORY_ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
          IVORY_LOG_LEVEL: 'warn',
          // As the launcher of `npm start` sets it.
          NODE_COMPILE_CACHE: `${home}node_modules/.cache/node-compile`,
          MALLOC_MMAP_THRESHOLD_: '262144',
        },
      },
    ],
    ready: [http, rtmp, rtmps],
    async prepare() {
      const client = new IvsClient({ endpoint, region, credentials });
      for (let i = 0; i < n; i++) {
        // BASIC is IVS's name for what the peers do: the encoder's stream, passed through.
        const input = {
          name: `bench-${i}`,
          type: 'BASIC',
          insecureIngest: true,
          latencyMode: 'LOW',
        };
        channels.push(await client.send(new CreateChannelCommand(input)));
      }
      client.destroy();
      const channelArn = channels[0].channel.arn;
      control.push(await signed('GetStream', endpoint, { channelArn }));
      control.push(await signed('ListStreams', endpoint, {}));
    },
    rtmpUrl: (i) => `rtmp://127.0.0.1:${rtmp}/app/${channels[i]?.streamKey.value}`,
    hlsUrl: (i) => channels[i]?.channel.playbackUrl ?? `${endpoint}/`,
    control,
  };
}

/** A request that the harness can send again and again while its signature is fresh, which is five minutes. */
async function signed(operation, endpoint, input) {
  const { hostname, port, host } = new URL(endpoint);
  const body = JSON.stringify(input);
  const signer = new SignatureV4({ service: 'ivs', region, credentials, sha256: Sha256 });
  const request = await signer.sign({
    method: 'POST',
    protocol: 'http:',
    hostname,
    port: Number(port),
    path: `/${operation}`,
    query: {},
    headers: { host, 'content-type': 'application/json' },
    body,
  });
  return {
    name: operation,
    method: 'POST',
    url: `${endpoint}/${operation}`,
    // wrk adds a Host of its own beside one that is spelled otherwise.
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name === 'host' ? 'Host' : name,
        value,
      ]),
    ),
    body,
  };
}

/** The SDK's hash interface over node:crypto. */
class Sha256 {
  #hash;
  constructor(secret) {
    this.#hash = secret ? createHmac('sha256', secret) : createHash('sha256');
  }
  update(data) {
    this.#hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.#hash.digest());
  }
}
