import type { StreamEvent } from '../../src/domain/events.ts';
import type { IngestConfiguration, StreamSessionRecord } from '../../src/domain/stream-session.ts';
import type { Tenant } from '../../src/domain/tenant.ts';
import type { SessionLog } from '../../src/live/ports.ts';

interface Entry {
  session: StreamSessionRecord;
  readonly events: StreamEvent[];
}

/** A session log that forgets with the test. */
export class MemorySessionLog implements SessionLog {
  readonly sessions = new Map<string, Entry>();
  readonly accountEvents: StreamEvent[] = [];
  readonly heartbeats: { streamIds: readonly string[]; atMs: number }[] = [];

  async createSession(session: StreamSessionRecord, created: StreamEvent): Promise<undefined> {
    this.sessions.set(session.streamId, { session, events: [created] });
  }

  async setIngestConfiguration(streamId: string, ingest: IngestConfiguration): Promise<void> {
    const entry = this.#entry(streamId);
    entry.session = { ...entry.session, ingest };
  }

  async appendEvents(streamId: string, events: readonly StreamEvent[]): Promise<void> {
    this.#entry(streamId).events.push(...events);
  }

  async appendAccountEvent(_tenant: Tenant, event: StreamEvent): Promise<void> {
    this.accountEvents.push(event);
  }

  async endSession(
    streamId: string,
    endTimeMs: number,
    events: readonly StreamEvent[],
  ): Promise<void> {
    const entry = this.#entry(streamId);
    entry.session = { ...entry.session, endTimeMs };
    entry.events.push(...events);
  }

  async heartbeat(streamIds: readonly string[], atMs: number): Promise<void> {
    this.heartbeats.push({ streamIds, atMs });
  }

  async endAbandonedSessions(): Promise<number> {
    return 0;
  }

  async deleteSessionsEndedBefore(): Promise<number> {
    return 0;
  }

  eventNames(streamId: string): string[] {
    return this.#entry(streamId).events.map((event) => event.name);
  }

  #entry(streamId: string): Entry {
    const entry = this.sessions.get(streamId);
    if (!entry) throw new Error(`no session ${streamId}`);
    return entry;
  }
}
