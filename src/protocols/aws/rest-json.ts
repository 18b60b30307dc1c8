import type { HttpReply } from '../../lib/http.ts';

/**
 * Headers of every reply. The model binds all of them but one: Strict-Transport-Security would bind a browser to
 * TLS for every other server on a developer's `localhost`.
 */
const COMMON_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers':
    'x-amzn-errortype,x-amzn-requestid,x-amzn-errormessage,x-amzn-trace-id,x-amz-apigw-id,date',
  'Cache-Control': 'no-store, no-cache',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

const JSON_TYPE = { 'Content-Type': 'application/json' } as const;

/** What browsers' SDKs send; from the `cors` trait of the model, and the headers of Signature Version 4. */
const ALLOWED_HEADERS =
  'Authorization,Content-Type,X-Amz-Content-Sha256,X-Amz-Date,X-Amz-Security-Token,X-Amz-User-Agent,X-Api-Key,amz-sdk-invocation-id,amz-sdk-request';
const PREFLIGHT_MAX_AGE_SECONDS = 600;

/** An operation's output; status 204 has no body, as restJson1 says for an operation without output. */
export function successReply(status: 200 | 204, output: unknown, requestId: string): HttpReply {
  if (status === 204) {
    return { status, headers: { ...COMMON_HEADERS, 'x-amzn-RequestId': requestId } };
  }
  return {
    status,
    headers: { ...COMMON_HEADERS, ...JSON_TYPE, 'x-amzn-RequestId': requestId },
    body: JSON.stringify(output),
  };
}

export interface WireError {
  /** The shape's name, e.g. `ChannelNotBroadcasting`. */
  readonly name: string;
  readonly status: number;
  readonly message: string;
}

/**
 * The message goes out twice: `exceptionMessage` is the modelled member, and `message` is the one that the SDKs read
 * for `err.message`.
 */
export function errorReply({ name, status, message }: WireError, requestId: string): HttpReply {
  return {
    status,
    headers: {
      ...COMMON_HEADERS,
      ...JSON_TYPE,
      'x-amzn-RequestId': requestId,
      'x-amzn-ErrorType': name,
    },
    body: JSON.stringify({ message, exceptionMessage: message }),
  };
}

/** Answers a CORS preflight (Fetch standard, section 3.2.3). `methods`: what the path answers to. */
export function preflightReply(methods: readonly string[], requestId: string): HttpReply {
  return {
    status: 204,
    headers: {
      ...COMMON_HEADERS,
      'Access-Control-Allow-Methods': methods.join(','),
      'Access-Control-Allow-Headers': ALLOWED_HEADERS,
      'Access-Control-Max-Age': PREFLIGHT_MAX_AGE_SECONDS,
      'x-amzn-RequestId': requestId,
    },
  };
}

/** The `date-time` format in whole seconds: `2020-05-05T21:55:38Z`. `timeMs`: since the Unix epoch. */
export function formatTimestamp(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

/** A UUID of version 4 from 16 random bytes, as request ids are. */
export function formatRequestId(random: Uint8Array): string {
  const bytes = Buffer.from(random);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
