import {
  encodeConnectAnswer,
  encodeOnFcPublish,
  encodeOnFcUnpublish,
  encodeOnStatus,
  encodeResult,
  type StatusInfo,
} from '../protocols/rtmp/command.ts';
import {
  commandMessage,
  type RtmpMessage,
  setChunkSize,
  setPeerBandwidth,
  streamBegin,
  windowAcknowledgementSize,
} from '../protocols/rtmp/message.ts';
import { CONNECT_SUCCESS, PUBLISH_START, UNPUBLISH_SUCCESS } from './rtmp-status.ts';

/** What librtmp and SRS say too. */
const WINDOW_BYTES = 2_500_000;
/** Large enough for any answer in one chunk. */
const CHUNK_BYTES = 4096;
/** Commands about the connection, not about a stream. */
const CONNECTION = 0;

/** What a server says, and in which order, so that ffmpeg, librtmp (OBS), GStreamer and Larix go on. */
export class RtmpAnswers {
  readonly #send: (message: RtmpMessage) => void;

  constructor(send: (message: RtmpMessage) => void) {
    this.#send = send;
  }

  connected(transactionId: number, objectEncoding: number): void {
    // In nginx-rtmp's order: the result already comes in the larger chunks.
    this.#send(windowAcknowledgementSize(WINDOW_BYTES));
    this.#send(setPeerBandwidth(WINDOW_BYTES));
    this.#send(setChunkSize(CHUNK_BYTES));
    this.#say(CONNECTION, encodeConnectAnswer(transactionId, CONNECT_SUCCESS, objectEncoding));
  }

  connectRefused(transactionId: number, info: StatusInfo): void {
    this.#say(CONNECTION, encodeConnectAnswer(transactionId, info, 0));
  }

  released(transactionId: number): void {
    this.#say(CONNECTION, encodeResult(transactionId, undefined));
  }

  fcPublished(transactionId: number): void {
    this.#say(CONNECTION, encodeResult(transactionId, undefined));
    this.#say(CONNECTION, encodeOnFcPublish(PUBLISH_START));
  }

  streamCreated(transactionId: number, messageStreamId: number): void {
    this.#say(CONNECTION, encodeResult(transactionId, messageStreamId));
  }

  publishing(messageStreamId: number): void {
    this.#send(streamBegin(messageStreamId));
    this.status(messageStreamId, PUBLISH_START);
  }

  fcUnpublished(): void {
    this.#say(CONNECTION, encodeOnFcUnpublish(UNPUBLISH_SUCCESS));
  }

  unpublished(messageStreamId: number): void {
    this.status(messageStreamId, UNPUBLISH_SUCCESS);
  }

  /** `onStatus` of a stream. */
  status(messageStreamId: number, info: StatusInfo): void {
    this.#say(messageStreamId, encodeOnStatus(info));
  }

  #say(messageStreamId: number, command: Uint8Array): void {
    this.#send(commandMessage(messageStreamId, command));
  }
}
