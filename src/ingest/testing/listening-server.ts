import { randomBytes, soon, systemClock } from '../../adapters/system.ts';
import { SlabPool } from '../../lib/slab-pool.ts';
import type { PublishDecision, PublishRequest } from '../publishing.ts';
import { RtmpServer, type RtmpServerOptions } from '../rtmp-server.ts';
import { RecordingPublication } from './recording-publication.ts';
import { RecordingLogger } from './scripted-encoder.ts';

/** A real server on a free port, whose gate accepts everyone unless the test says otherwise. */
export class ListeningServer {
  readonly log = new RecordingLogger();
  readonly requests: PublishRequest[] = [];
  readonly publications: RecordingPublication[] = [];
  readonly server: RtmpServer;
  /** Resolves with the next accepted publication. */
  published = Promise.withResolvers<RecordingPublication>();
  decide = (): PublishDecision => {
    const publication = new RecordingPublication();
    this.publications.push(publication);
    this.published.resolve(publication);
    return { accepted: true, publication };
  };

  constructor(options: Partial<RtmpServerOptions> = {}) {
    this.server = new RtmpServer({
      gate: {
        publish: async (request) => {
          this.requests.push(request);
          return this.decide();
        },
      },
      clock: systemClock,
      soon,
      random: randomBytes,
      logger: this.log,
      payloads: new SlabPool(),
      ...options,
    });
  }

  listen(tls?: { cert: string; key: string }): Promise<number> {
    return this.server.listen({ host: '127.0.0.1', port: 0, ...(tls ? { tls } : {}) });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server.close();
  }
}
