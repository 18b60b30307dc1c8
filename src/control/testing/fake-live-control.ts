import type { LiveStream } from '../../domain/live-stream.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { ViewerSessionRevocation } from '../../domain/viewer-session-revocation.ts';
import type { LiveControl } from '../ports.ts';

/** A `LiveControl` whose streams a test puts there. */
export class FakeLiveControl implements LiveControl {
  readonly #streams = new Map<string, LiveStream>();
  /** Channels with an encoder that has not gone live. */
  readonly connecting = new Set<string>();
  readonly cutViewers: ViewerSessionRevocation[] = [];
  /** What was put, by channel. */
  readonly metadata: { readonly channelArn: string; readonly metadata: string }[] = [];

  goLive(channelArn: string, live: Partial<LiveStream> = {}): LiveStream {
    const [, , , region = '', accountId = '', resource = ''] = channelArn.split(':');
    const stream: LiveStream = {
      region,
      accountId,
      channelArn,
      channelId: resource.replace('channel/', ''),
      streamId: `st-${'0'.repeat(23)}`,
      startTimeMs: Date.UTC(2026, 0, 1, 12),
      health: 'HEALTHY',
      viewerCount: 1,
      ...live,
    };
    this.#streams.set(channelArn, stream);
    return stream;
  }

  stream(channelArn: string) {
    return this.#streams.get(channelArn);
  }

  streams(tenant: Tenant) {
    return [...this.#streams.values()]
      .filter(({ accountId, region }) => accountId === tenant.accountId && region === tenant.region)
      .sort((a, b) => a.startTimeMs - b.startTimeMs || (a.streamId < b.streamId ? -1 : 1));
  }

  hasSession(channelArn: string) {
    return this.#streams.has(channelArn) || this.connecting.has(channelArn);
  }

  putMetadata(channelArn: string, metadata: string) {
    if (!this.#streams.has(channelArn)) return false;
    this.metadata.push({ channelArn, metadata });
    return true;
  }

  cutViewer(revocation: ViewerSessionRevocation) {
    this.cutViewers.push(revocation);
  }

  async stop(channelArn: string) {
    const wasConnecting = this.connecting.delete(channelArn);
    return this.#streams.delete(channelArn) || wasConnecting;
  }
}
