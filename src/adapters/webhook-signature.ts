import { createHmac } from 'node:crypto';

/**
 * The `Ivory-Signature` of a webhook: `t=<seconds since 1970>,v1=<hex>`, with a `v1` for each secret. Each is the HMAC-SHA256 of
 * `<t>.<body>`, so that neither can be changed, and an old request can be told from a new one.
 */
export function signWebhook(body: string, secrets: readonly string[], nowMs: number): string {
  const t = Math.floor(nowMs / 1000);
  const signatures = secrets.map((secret) =>
    createHmac('sha256', secret).update(`${t}.${body}`).digest('hex'),
  );
  return [`t=${t}`, ...signatures.map((signature) => `v1=${signature}`)].join(',');
}
