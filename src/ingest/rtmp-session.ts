import type { RandomBytes } from '../domain/identifiers.ts';
import type { Clock } from '../lib/clock.ts';
import type { LogFields, Logger } from '../lib/logger.ts';
import { ProtocolViolation } from '../lib/protocol-violation.ts';
import type { SlabAllocator } from '../lib/slab-pool.ts';
import {
  decodeEncoderCommand,
  type EncoderCommand,
  type StatusInfo,
} from '../protocols/rtmp/command.ts';
import { MESSAGE_TYPE, type RtmpMessage } from '../protocols/rtmp/message.ts';
import { Deadline } from './deadline.ts';
import { PendingPublish } from './pending-publish.ts';
import type {
  DisconnectReason,
  PublicationEnd,
  PublishDecision,
  PublishGate,
} from './publishing.ts';
import type { RefusalLog } from './refusal-log.ts';
import { IngestRejection } from './rejection.ts';
import { RtmpAnswers } from './rtmp-answers.ts';
import { RtmpLink } from './rtmp-link.ts';
import { RtmpPublication } from './rtmp-publication.ts';
import {
  CONNECT_INVALID_APP,
  DISCONNECT_STATUS,
  PLAY_FAILED,
  REFUSAL_STATUS,
  rejectionStatus,
} from './rtmp-status.ts';
import { isOurApp } from './stream-url.ts';

const HANDSHAKE_DEADLINE_MS = 10_000;
/** From the connection's begin, or from the end of its last publication, to an accepted `publish`. */
const PUBLISH_DEADLINE_MS = 20_000;
/** Before a stream key was accepted: a `connect` object with every codec list is below 2 KiB. */
const COMMAND_LIMIT_BYTES = 64 * 1024;
/** A keyframe of 4K at 60 Mbit/s is 2 to 4 MB. */
const MEDIA_LIMIT_BYTES = 8 * 1024 * 1024;

/** The encoder's socket, as the session sees it. */
export interface EncoderConnection {
  write(bytes: Uint8Array): void;
  pause(): void;
  resume(): void;
  /** Sends what was written, then ends; what still comes in is discarded. */
  end(): void;
}

export interface RtmpSessionOptions {
  readonly connection: EncoderConnection;
  readonly gate: PublishGate;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** What its frames are put into. */
  readonly slabs: SlabAllocator;
  /** With the connection's id and the remote address. */
  readonly logger: Logger;
  /** Of the server's: refusals come from whoever likes. */
  readonly refusals: RefusalLog;
  readonly connectionId: string;
  readonly protocol: 'rtmp' | 'rtmps';
  readonly remoteAddress: string;
}

type State =
  /** C0, C1, C2 are not complete. */
  | 'handshake'
  /** `connect` has not come. */
  | 'connecting'
  /** `publish` may come. */
  | 'connected'
  /** The gate decides; nothing is read meanwhile. */
  | 'deciding'
  | 'publishing'
  /** Everything was said; the socket is on its way down. */
  | 'ended';

/**
 * One encoder's conversation: handshake, connect, createStream, publish, media, end. The owner of the socket
 * calls `receive` and `closed`, the live side `disconnect`; nothing of a session's trouble reaches another.
 */
export class RtmpSession {
  readonly #options: RtmpSessionOptions;
  readonly #link: RtmpLink;
  readonly #answers: RtmpAnswers;
  readonly #openedMs: number;
  readonly #deadline: Deadline;
  /** While it publishes, with the channel and the stream. */
  #logger: Logger;
  #state: State = 'handshake';
  #lastMessageStreamId = 0;
  /** The one that `publish` named. */
  #messageStreamId = 0;
  /** While the gate decides. */
  #pendingPublish: PendingPublish | undefined;
  #publication: RtmpPublication | undefined;

  constructor(options: RtmpSessionOptions) {
    const { connection, clock, random, slabs } = options;
    this.#options = options;
    this.#logger = options.logger;
    this.#link = new RtmpLink({
      write: (bytes) => connection.write(bytes),
      random,
      slabs,
      monotonicMs: () => clock.monotonicMs(),
      messageLimitBytes: COMMAND_LIMIT_BYTES,
    });
    this.#answers = new RtmpAnswers((message) => this.#link.send(message));
    this.#openedMs = clock.monotonicMs();
    this.#deadline = new Deadline(clock, () => this.#expire());
    this.#deadline.restart(HANDSHAKE_DEADLINE_MS);
  }

  /** Bytes off the socket; they are the caller's again when it returns. */
  receive(bytes: Uint8Array): void {
    // Without a closure: this runs for every read of every socket.
    try {
      this.#take(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The socket is gone. */
  closed(): void {
    this.#guard(() => this.#finish({ kind: 'connection-lost' }));
  }

  /** Ends the connection from our side. Idempotent. */
  disconnect(reason: DisconnectReason): void {
    this.#guard(() => {
      if (this.#state === 'ended') return;
      this.#answers.status(this.#messageStreamId, DISCONNECT_STATUS[reason]);
      this.#finish({ kind: 'disconnected', reason });
    });
  }

  #take(bytes: Uint8Array): void {
    if (this.#state === 'ended') return;
    this.#link.push(bytes);
    if (this.#state === 'handshake' && this.#link.isOpen) {
      const elapsedMs = this.#options.clock.monotonicMs() - this.#openedMs;
      this.#deadline.restart(PUBLISH_DEADLINE_MS - elapsedMs);
      this.#enter('connecting');
    }
    this.#readOn();
    this.#link.keep();
  }

  /** One message at a time: each decides whether the next is read. */
  #readOn(): void {
    while (this.#state !== 'deciding' && this.#state !== 'ended') {
      const message = this.#link.next();
      if (message === undefined) return;
      this.#takeMessage(message);
    }
  }

  #takeMessage(message: RtmpMessage): void {
    const { typeId, body, messageStreamId } = message;
    if (typeId === MESSAGE_TYPE.commandAmf0 || typeId === MESSAGE_TYPE.commandAmf3) {
      this.#takeCommand(decodeEncoderCommand(typeId, body), messageStreamId);
    } else {
      // Media before `publish` or after its end has nowhere to go.
      this.#publication?.take(message);
    }
  }

  #takeCommand(command: EncoderCommand, messageStreamId: number): void {
    if (this.#state === 'connecting' && command.name !== 'connect') {
      throw new ProtocolViolation(`cannot take ${command.name}: connect comes first`);
    }
    switch (command.name) {
      case 'connect':
        this.#connect(command);
        break;
      case 'releaseStream':
        this.#answers.released(command.transactionId);
        break;
      case 'FCPublish':
        this.#answers.fcPublished(command.transactionId);
        break;
      case 'createStream':
        this.#lastMessageStreamId += 1;
        this.#answers.streamCreated(command.transactionId, this.#lastMessageStreamId);
        break;
      case 'publish':
        this.#messageStreamId = messageStreamId;
        this.#publish(command.streamName);
        break;
      case 'FCUnpublish':
        this.#answers.fcUnpublished();
        this.#unpublish();
        break;
      case 'deleteStream':
      case 'closeStream':
        this.#unpublish();
        break;
      case 'play':
        this.#messageStreamId = messageStreamId;
        this.#refuse('play', PLAY_FAILED);
        break;
      case 'other':
        break;
    }
  }

  #connect({ app, transactionId, objectEncoding }: EncoderCommand & { name: 'connect' }): void {
    if (this.#state !== 'connecting') throw new ProtocolViolation('cannot connect twice');
    if (isOurApp(app)) {
      this.#answers.connected(transactionId, objectEncoding);
      this.#enter('connected');
    } else {
      // The name is not logged: in a URL that lacks its `app`, it is the stream key.
      this.#tellRefused({ refusal: 'invalid-app' }, 'encoder refused');
      this.#answers.connectRefused(transactionId, CONNECT_INVALID_APP);
      this.#finish({ kind: 'connection-lost' });
    }
  }

  #publish(streamName: string): void {
    if (this.#state !== 'connected') {
      throw new ProtocolViolation(`cannot publish: the connection is ${this.#state}`);
    }
    this.#enter('deciding');
    this.#options.connection.pause();
    this.#pendingPublish = new PendingPublish({
      ...this.#options,
      disconnect: (reason) => this.disconnect(reason),
      decided: (decision) => this.#decided(decision),
      failed: (error) => this.#fail(error),
    });
    this.#pendingPublish.ask(streamName);
  }

  #decided(decision: PublishDecision): void {
    this.#pendingPublish = undefined;
    if (!decision.accepted) {
      const { channel } = decision;
      if (channel !== undefined) this.#logger = this.#logger.child({ channel });
      this.#refuse(decision.refusal, REFUSAL_STATUS[decision.refusal]);
      return;
    }
    const { clock, connection, logger } = this.#options;
    this.#logger = logger.child(decision.publication.logFields);
    this.#deadline.cancel();
    this.#publication = new RtmpPublication(decision.publication, clock);
    this.#link.messageLimitBytes = MEDIA_LIMIT_BYTES;
    this.#enter('publishing');
    this.#answers.publishing(this.#messageStreamId);
    this.#logger.info({}, 'publishing');
    connection.resume();
    this.#readOn();
  }

  /** The encoder meant it. The connection stays: it may publish again. */
  #unpublish(): void {
    if (this.#publication === undefined) return;
    this.#answers.unpublished(this.#messageStreamId);
    this.#endPublication({ kind: 'unpublished' });
    this.#enter('connected');
    this.#deadline.restart(PUBLISH_DEADLINE_MS);
  }

  #refuse(refusal: string, info: StatusInfo): void {
    this.#tellRefused({ refusal }, 'encoder refused');
    this.#answers.status(this.#messageStreamId, info);
    this.#finish({ kind: 'connection-lost' });
  }

  #tellRefused(fields: LogFields, message: string): void {
    this.#options.refusals.tell(this.#logger, fields, message);
  }

  #expire(): void {
    this.#logger.info({ state: this.#state }, 'encoder took too long to publish');
    this.#guard(() => this.#finish({ kind: 'connection-lost' }));
  }

  /** Whatever comes from outside passes here, so that no failure leaves the session. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof ProtocolViolation || error instanceof IngestRejection) {
      const code = error instanceof IngestRejection ? error.code : 'protocol-violation';
      const detail = error.message;
      this.#tellRefused({ code, detail, state: this.#state }, 'encoder rejected');
      if (this.#publication !== undefined) {
        this.#answers.status(this.#messageStreamId, rejectionStatus(code, detail));
      }
      this.#finish({ kind: 'rejected', code, detail });
    } else {
      this.#logger.error({ err: error, state: this.#state }, 'encoder connection failed');
      this.#finish({ kind: 'connection-lost' });
    }
  }

  #finish(end: PublicationEnd): void {
    if (this.#state === 'ended') return;
    this.#deadline.cancel();
    this.#pendingPublish?.connectionEnded(end);
    this.#enter('ended');
    this.#options.connection.end();
    this.#endPublication(end);
  }

  #endPublication(end: PublicationEnd): void {
    const publication = this.#publication;
    if (publication === undefined) return;
    this.#publication = undefined;
    const { clock, logger } = this.#options;
    const seconds = Math.round((clock.monotonicMs() - publication.startedMs) / 1000);
    this.#logger.info({ end, seconds }, 'publication ended');
    try {
      publication.end(end);
    } catch (error) {
      this.#logger.error({ err: error }, 'cannot end a publication');
    }
    this.#logger = logger;
  }

  #enter(state: State): void {
    this.#logger.debug({ transition: `${this.#state}->${state}` }, 'rtmp session');
    this.#state = state;
  }
}
