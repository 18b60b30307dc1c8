// Ivory's adapter for the bench harness (its README: "Adding a server"). It starts the checkout it lies in, with everything
// on that a default start has on, and makes its channels through the API as any client would.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CreateChannelCommand, IvsClient } from '@aws-sdk/client-ivs';
import { credentials, ivoryCommand, ivoryEnvironment, region } from './ivory-process.mjs';
import { signedCall } from './signed-call.mjs';

const home = fileURLToPath(new URL('..', import.meta.url));

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
        argv: ivoryCommand(),
        env: ivoryEnvironment({ dataDirectory: `${dir}/data`, http, rtmp, rtmps }),
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
      control.push(await signedCall('GetStream', endpoint, { channelArn }));
      control.push(await signedCall('ListStreams', endpoint, {}));
    },
    rtmpUrl: (i) => `rtmp://127.0.0.1:${rtmp}/app/${channels[i]?.streamKey.value}`,
    hlsUrl: (i) => channels[i]?.channel.playbackUrl ?? `${endpoint}/`,
    control,
  };
}
