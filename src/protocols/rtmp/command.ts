import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import {
  type Amf0Members,
  type Amf0Value,
  amf0Object,
  decodeAmf0,
  encodeAmf0,
  isMembers,
} from '../amf0.ts';
import { MESSAGE_TYPE } from './message.ts';

/** What an encoder says (RTMP 1.0, 7.2; the FC* commands are Flash Media Live Encoder's). */
export type EncoderCommand =
  | {
      readonly name: 'connect';
      readonly transactionId: number;
      /** As sent: may carry a query or a slash at its end. */
      readonly app: string;
      readonly encoder: string | undefined;
      /** 0: AMF0, 3: AMF3. What the answer repeats. */
      readonly objectEncoding: number;
    }
  | { readonly name: 'createStream'; readonly transactionId: number }
  | {
      readonly name: 'releaseStream' | 'FCPublish' | 'FCUnpublish' | 'play';
      readonly transactionId: number;
      /** As sent: the stream key and its query. A secret. */
      readonly streamName: string;
    }
  | {
      readonly name: 'publish';
      readonly transactionId: number;
      /** As sent: the stream key and its query. A secret. */
      readonly streamName: string;
    }
  | {
      readonly name: 'deleteStream';
      readonly transactionId: number;
      readonly messageStreamId: number;
    }
  | { readonly name: 'closeStream'; readonly transactionId: number }
  /** Anything else: `_checkbw`, `getStreamLength`, `onBWDone` ... */
  | { readonly name: 'other'; readonly transactionId: number };

const KNOWN_COMMANDS: ReadonlySet<string> = new Set<EncoderCommand['name']>([
  'connect',
  'createStream',
  'releaseStream',
  'FCPublish',
  'publish',
  'FCUnpublish',
  'deleteStream',
  'closeStream',
  'play',
]);

/**
 * The body of a command message. Throws `ProtocolViolation` where it is malformed; an argument may be missing.
 */
export function decodeEncoderCommand(typeId: number, body: Uint8Array): EncoderCommand {
  const bytes = withoutAmf3Marker(typeId, MESSAGE_TYPE.commandAmf3, body);
  const [name, transaction] = decodeAmf0(bytes, 2);
  if (typeof name !== 'string') {
    throw new ProtocolViolation(`cannot read a command: its name is a ${typeof name}`);
  }
  const transactionId = typeof transaction === 'number' ? transaction : 0;
  // What a command that nobody obeys has in it does not matter, not even whether it can be read.
  if (!KNOWN_COMMANDS.has(name)) return { name: 'other', transactionId };
  const [, , commandObject, first] = decodeAmf0(bytes, 4);
  switch (name) {
    case 'connect':
      return { name, transactionId, ...connectMembers(commandObject) };
    case 'createStream':
    case 'closeStream':
      return { name, transactionId };
    case 'publish':
    case 'releaseStream':
    case 'FCPublish':
    case 'FCUnpublish':
    case 'play':
      return { name, transactionId, streamName: text(first) ?? '' };
    case 'deleteStream':
      return { name, transactionId, messageStreamId: typeof first === 'number' ? first : 0 };
    default:
      return { name: 'other', transactionId };
  }
}

function connectMembers(commandObject: Amf0Value) {
  if (!isMembers(commandObject)) {
    throw new ProtocolViolation('cannot read connect: its command object is missing');
  }
  const objectEncoding = commandObject.get('objectEncoding');
  return {
    app: text(commandObject.get('app')) ?? '',
    encoder: text(commandObject.get('flashVer')),
    objectEncoding: objectEncoding === 3 ? 3 : 0,
  };
}

/** What a data message says of the stream. */
export type EncoderData =
  | { readonly name: 'onMetaData'; readonly members: Amf0Members }
  /** A text for the moment of the message's timestamp. */
  | { readonly name: 'onTextData'; readonly text: string };

/**
 * A data message, bare or wrapped in `@setDataFrame`; nothing where it says something else, of which no more than the name is
 * read. `onTextData` has its text in a member `text` (Flash Media Server's text data; ffmpeg writes it so), or bare.
 */
export function decodeEncoderData(typeId: number, body: Uint8Array): EncoderData | undefined {
  const bytes = withoutAmf3Marker(typeId, MESSAGE_TYPE.dataAmf3, body);
  const nameAt = decodeAmf0(bytes, 1)[0] === '@setDataFrame' ? 1 : 0;
  const name = decodeAmf0(bytes, nameAt + 1)[nameAt];
  if (name !== 'onMetaData' && name !== 'onTextData') return undefined;
  if (name === 'onTextData') return decodeOnTextData(bytes, nameAt + 1);
  const members = decodeAmf0(bytes, nameAt + 2)[nameAt + 1];
  return isMembers(members) ? { name, members } : undefined;
}

/** Captioners fill it with what they like, AMF3 too: what can't be read is no reason to end a stream. */
function decodeOnTextData(bytes: Uint8Array, valueAt: number): EncoderData | undefined {
  try {
    const value = decodeAmf0(bytes, valueAt + 1)[valueAt];
    const said = text(isMembers(value) ? value.get('text') : value);
    return said === undefined ? undefined : { name: 'onTextData', text: said };
  } catch (error) {
    if (error instanceof ProtocolViolation) return undefined;
    throw error;
  }
}

/**
 * AMF3 messages are AMF0 after one zero byte, which stands for "AMF0 until a 0x11 marker" (RTMP 1.0, 7.1.1).
 */
function withoutAmf3Marker(typeId: number, amf3TypeId: number, body: Uint8Array): Uint8Array {
  return typeId === amf3TypeId && body[0] === 0 ? body.subarray(1) : body;
}

const text = (value: Amf0Value) => (typeof value === 'string' ? value : undefined);

/** Level, code and description: the information object of `_result`, `_error` and `onStatus`. */
export interface StatusInfo {
  readonly level: 'status' | 'error';
  /** E.g. `NetStream.Publish.Start`. */
  readonly code: string;
  readonly description: string;
}

/** `_result` or `_error` for `connect`. */
export function encodeConnectAnswer(
  transactionId: number,
  info: StatusInfo,
  objectEncoding: number,
): Uint8Array {
  const isError = info.level === 'error';
  // Flash Media Server's own words, which nginx-rtmp and SRS repeat.
  const properties = isError ? null : amf0Object({ fmsVer: 'FMS/3,0,1,123', capabilities: 31 });
  return encodeAmf0([
    isError ? '_error' : '_result',
    transactionId,
    properties,
    amf0Object({ ...info, objectEncoding }),
  ]);
}

/** `_result` with one value, or with none. */
export const encodeResult = (transactionId: number, value: Amf0Value): Uint8Array =>
  encodeAmf0(['_result', transactionId, null, value]);

/** 7.2.2: "The transaction ID is set to 0". */
export const encodeOnStatus = (info: StatusInfo): Uint8Array =>
  encodeAmf0(['onStatus', 0, null, amf0Object({ ...info })]);

/** Flash Media Live Encoder waits for it after `FCPublish`. */
export const encodeOnFcPublish = (info: StatusInfo): Uint8Array =>
  encodeAmf0(['onFCPublish', 0, null, amf0Object({ ...info })]);

/** ... and for this one after `FCUnpublish`. */
export const encodeOnFcUnpublish = (info: StatusInfo): Uint8Array =>
  encodeAmf0(['onFCUnpublish', 0, null, amf0Object({ ...info })]);
