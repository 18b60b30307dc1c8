import type { StreamHealth } from './stream-session.ts';
import type { Tenant } from './tenant.ts';

/** What is known of a channel on air, at this moment. */
export interface LiveStream extends Tenant {
  readonly channelArn: string;
  readonly channelId: string;
  readonly streamId: string;
  readonly startTimeMs: number;
  readonly health: StreamHealth;
  readonly viewerCount: number;
}
