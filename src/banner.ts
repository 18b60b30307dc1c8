import type { Ivory } from './app.ts';
import type { Config } from './config.ts';

/** What a start prints: where everything is, and the lines that point an AWS SDK at it. */
export function banner(ivory: Ivory, config: Config): string {
  const host = new URL(ivory.publicUrl).hostname;
  const { accessKeyId, secretAccessKey } = ivory.rootKey;
  const secret = ivory.isRootKeyNew ? secretAccessKey : secretFromItsPlace(ivory, config);
  return [
    `Ivory is up.`,
    ``,
    `  API, playback   ${ivory.publicUrl}`,
    ...(ivory.httpsPort === undefined
      ? []
      : [
          `  over HTTPS      https://${host}:${ivory.httpsPort}   (certificate: ${ivory.certificatePath})`,
        ]),
    `  console         ${ivory.publicUrl}/console   (what is live, and what failed)`,
    `  watch page      ${ivory.publicUrl}/watch/<channel id>`,
    `  RTMP            rtmp://${host}:${ivory.rtmpPort}/app/<stream key>   (channels with insecureIngest)`,
    `  RTMPS           rtmps://${host}:${ivory.rtmpsPort}/app/<stream key>`,
    ``,
    ...(ivory.isRootKeyNew ? [`  This is the root access key, shown once:`, ``] : []),
    `export AWS_ENDPOINT_URL_IVS=${ivory.publicUrl}`,
    `export AWS_REGION=${config.region}`,
    `export AWS_ACCESS_KEY_ID=${accessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${secret}`,
    ``,
    // AWS CLIs before 2.13, Debian's among them, do not read AWS_ENDPOINT_URL_IVS.
    `aws ivs list-channels --endpoint-url ${ivory.publicUrl}`,
    ``,
    ``,
  ].join('\n');
}

/** A secret that the operator brought, or that was shown before, is not shown again: the line fetches it. */
function secretFromItsPlace({ rootKeyPath }: Ivory, { rootAccessKey }: Config): string {
  if (rootAccessKey) return '"$IVORY_ROOT_SECRET_ACCESS_KEY"';
  const path = rootKeyPath.replaceAll("'", `'\\''`);
  return `"$(sed -n 's/.*"secretAccessKey": "\\(.*\\)".*/\\1/p' '${path}')"`;
}
