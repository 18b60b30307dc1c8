import type { HttpReply, HttpRequest } from '../lib/http.ts';
import { ProtocolViolation } from '../lib/protocol-violation.ts';
import { decodeCbor, encodeCbor } from '../protocols/aws/cbor.ts';
import {
  decodeQueryForm,
  queryErrorResponse,
  queryResponse,
} from '../protocols/aws/query-protocol.ts';
import { CloudWatchError, type WireError } from './errors.ts';
import { MAX_DATAPOINTS } from './operation.ts';

export interface Call {
  readonly operation: string;
  readonly input: unknown;
}

/** One of the ways in which CloudWatch is spoken to. Timestamps of outputs are `Date`s. */
export interface WireProtocol {
  /** In one page: what is written within a frame's time or two. */
  readonly maxDatapoints: number;
  isSpokenBy(request: HttpRequest): boolean;
  /** Throws CloudWatchError, or ProtocolViolation, where the body can't be read. */
  readCall(request: HttpRequest, body: Uint8Array): Call;
  success(operation: string, output: object, requestId: string): HttpReply;
  failure(error: WireError, requestId: string): HttpReply;
}

const SERVICE = 'GraniteServiceVersion20100801';
const VERSION = '2010-08-01';
const XML_NAMESPACE = 'http://monitoring.amazonaws.com/doc/2010-08-01/';

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decodeText(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new ProtocolViolation('the request body is not UTF-8');
  }
}

/** SDKs that came from the query protocol get its codes beside the names of their own. */
const queryError = ({ code, status }: WireError): string =>
  `${code};${status < 500 ? 'Sender' : 'Receiver'}`;

/** AWS JSON 1.0: the SDKs for JavaScript. https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html */
const json: WireProtocol = {
  maxDatapoints: MAX_DATAPOINTS,
  isSpokenBy: ({ method, path, headers }) =>
    method === 'POST' &&
    path === '/' &&
    headers['x-amz-target']?.startsWith(`${SERVICE}.`) === true,

  readCall({ headers }, body) {
    const operation = headers['x-amz-target']?.slice(SERVICE.length + 1) ?? '';
    const text = decodeText(body);
    try {
      return { operation, input: text === '' ? {} : JSON.parse(text) };
    } catch {
      throw new ProtocolViolation('the request body is not JSON');
    }
  },

  success: (_operation, output, requestId) => ({
    status: 200,
    headers: { 'Content-Type': 'application/x-amz-json-1.0', 'x-amzn-RequestId': requestId },
    body: JSON.stringify(withEpochSeconds(output)),
  }),

  failure: (error, requestId) => ({
    status: error.status,
    headers: {
      'Content-Type': 'application/x-amz-json-1.0',
      'x-amzn-RequestId': requestId,
      'x-amzn-query-error': queryError(error),
    },
    body: JSON.stringify({ __type: error.name, message: error.message }),
  }),
};

/** How this protocol writes a timestamp. */
function withEpochSeconds(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(withEpochSeconds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, withEpochSeconds(member)]),
  );
}

/** RPC v2 CBOR: botocore, the AWS CLI and others of today. */
const CBOR_PATH = new RegExp(`^/service/${SERVICE}/operation/([A-Za-z]{1,64})$`);
const CBOR_HEADERS = { 'Content-Type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' };

const cbor: WireProtocol = {
  maxDatapoints: MAX_DATAPOINTS,
  isSpokenBy: ({ method, path, headers }) =>
    method === 'POST' &&
    headers['smithy-protocol'] === CBOR_HEADERS['smithy-protocol'] &&
    CBOR_PATH.test(path),

  readCall: ({ path }, body) => ({
    operation: CBOR_PATH.exec(path)?.[1] ?? '',
    input: body.byteLength === 0 ? {} : decodeCbor(body),
  }),

  success: (_operation, output, requestId) => ({
    status: 200,
    headers: { ...CBOR_HEADERS, 'x-amzn-RequestId': requestId },
    body: encodeCbor(output),
  }),

  failure: (error, requestId) => ({
    status: error.status,
    headers: {
      ...CBOR_HEADERS,
      'x-amzn-RequestId': requestId,
      'x-amzn-query-error': queryError(error),
    },
    body: encodeCbor({ __type: error.name, message: error.message }),
  }),
};

/** XML is ten times the work: 100,800 points are a quarter of a second, in which no frame moves. */
const MAX_XML_DATAPOINTS = 10_000;

/** The query protocol: everything that is older. */
const query: WireProtocol = {
  maxDatapoints: MAX_XML_DATAPOINTS,
  isSpokenBy: ({ method, path, headers }) =>
    method === 'POST' &&
    path === '/' &&
    headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true,

  readCall(_request, body) {
    const { Action, Version, ...input } = decodeQueryForm(decodeText(body));
    if (typeof Action !== 'string') {
      throw new CloudWatchError('UnknownOperationException', 'The parameter Action is missing');
    }
    if (Version !== VERSION) {
      throw new CloudWatchError(
        'UnknownOperationException',
        `Could not find operation ${Action.slice(0, 64)}: the version is ${VERSION}`,
      );
    }
    return { operation: Action, input };
  },

  success: (operation, output, requestId) => ({
    status: 200,
    headers: { 'Content-Type': 'text/xml', 'x-amzn-RequestId': requestId },
    body: queryResponse(operation, output, { requestId, namespace: XML_NAMESPACE }),
  }),

  failure: ({ code, message, status }, requestId) => ({
    status,
    headers: { 'Content-Type': 'text/xml', 'x-amzn-RequestId': requestId },
    body: queryErrorResponse(
      { code, message, isSenderFault: status < 500 },
      { requestId, namespace: XML_NAMESPACE },
    ),
  }),
};

/** Where calls of any of the protocols come. */
export const isServicePath = (path: string): boolean => path === '/' || CBOR_PATH.test(path);

/** In the order in which they are tried. */
export const WIRE_PROTOCOLS: readonly WireProtocol[] = [cbor, json, query];
