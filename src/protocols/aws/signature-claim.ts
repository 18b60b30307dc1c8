import type { QueryParameter, SignableRequest } from './canonical-request.ts';

/** What a request says about its signature, in either of the two forms; nothing of it is checked yet. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  readonly scope: { readonly date: string; readonly region: string; readonly service: string };
  /** `20130524T000000Z`. */
  readonly amzDate: string;
  /** Names in lower case, in the order in which they were signed. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken?: string;
  /** Presigned form only. */
  readonly expiresSeconds?: number;
}

export interface UnreadableClaim {
  readonly error: 'MissingAuthenticationToken' | 'IncompleteSignature';
  readonly message: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
/** "The maximum value is 604800 (seven days)." */
const MAX_EXPIRES_SECONDS = 604_800;

export function readClaim(
  headers: SignableRequest['headers'],
  query: readonly QueryParameter[],
): SignatureClaim | UnreadableClaim {
  const { authorization } = headers;
  if (authorization !== undefined) return readHeaderClaim(authorization, headers);
  if (query.some(({ name }) => name === 'X-Amz-Algorithm' || name === 'X-Amz-Signature')) {
    return readQueryClaim(new Map(query.map(({ name, value }) => [name, value])));
  }
  return { error: 'MissingAuthenticationToken', message: 'Missing Authentication Token' };
}

/**
 * `AWS4-HMAC-SHA256 Credential=AKID/20130524/us-east-1/ivs/aws4_request, SignedHeaders=host;x-amz-date, Signature=fe5f80…`;
 * the parameters in any order, with or without the space.
 */
function readHeaderClaim(
  authorization: string,
  headers: SignableRequest['headers'],
): SignatureClaim | UnreadableClaim {
  const space = authorization.indexOf(' ');
  const algorithm = space === -1 ? authorization : authorization.slice(0, space);
  if (algorithm !== ALGORITHM) {
    return incomplete(`Unsupported AWS 'algorithm': '${algorithm.slice(0, 32)}'.`);
  }
  const parameters = new Map<string, string>();
  for (const part of authorization.slice(algorithm.length).split(',')) {
    const equals = part.indexOf('=');
    if (equals !== -1) parameters.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  const credential = parameters.get('Credential');
  const signature = parameters.get('Signature');
  const signedHeaders = parameters.get('SignedHeaders');
  const amzDate = headers['x-amz-date'] ?? amzDateOf(headers['date']);
  if (!credential || !signature || !signedHeaders || !amzDate) {
    const missing = [
      !credential && "Authorization header requires 'Credential' parameter.",
      !signature && "Authorization header requires 'Signature' parameter.",
      !signedHeaders && "Authorization header requires 'SignedHeaders' parameter.",
      !amzDate &&
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    ];
    return incomplete(missing.filter(Boolean).join(' '));
  }
  const sessionToken = headers['x-amz-security-token'];
  return claim({
    credential,
    amzDate,
    signedHeaders,
    signature,
    ...(sessionToken !== undefined && { sessionToken }),
  });
}

function readQueryClaim(parameters: ReadonlyMap<string, string>): SignatureClaim | UnreadableClaim {
  const algorithm = parameters.get('X-Amz-Algorithm');
  const credential = parameters.get('X-Amz-Credential');
  const amzDate = parameters.get('X-Amz-Date');
  const signedHeaders = parameters.get('X-Amz-SignedHeaders');
  const signature = parameters.get('X-Amz-Signature');
  if (!algorithm || !credential || !amzDate || !signedHeaders || !signature) {
    const missing = Object.entries({
      'X-Amz-Algorithm': algorithm,
      'X-Amz-Credential': credential,
      'X-Amz-Date': amzDate,
      'X-Amz-SignedHeaders': signedHeaders,
      'X-Amz-Signature': signature,
    }).filter(([, value]) => !value);
    const texts = missing.map(([name]) => `AWS query-string parameters must include '${name}'.`);
    return incomplete(`${texts.join(' ')} Re-examine the query-string parameters.`);
  }
  if (algorithm !== ALGORITHM) {
    return incomplete(`Unsupported AWS 'algorithm': '${algorithm.slice(0, 32)}'.`);
  }
  const expires = parameters.get('X-Amz-Expires');
  const expiresSeconds = expires === undefined ? undefined : Number(expires);
  if (
    expires !== undefined &&
    (!/^[0-9]{1,6}$/.test(expires) || Number(expires) > MAX_EXPIRES_SECONDS)
  ) {
    return incomplete(`X-Amz-Expires must be between 0 and ${MAX_EXPIRES_SECONDS} seconds.`);
  }
  const sessionToken = parameters.get('X-Amz-Security-Token');
  return claim({
    credential,
    amzDate,
    signedHeaders,
    signature,
    ...(sessionToken !== undefined && { sessionToken }),
    ...(expiresSeconds !== undefined && { expiresSeconds }),
  });
}

interface ClaimTexts {
  readonly credential: string;
  readonly amzDate: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly sessionToken?: string;
  readonly expiresSeconds?: number;
}

function claim(texts: ClaimTexts): SignatureClaim | UnreadableClaim {
  const { credential, signedHeaders, ...rest } = texts;
  const [accessKeyId, date, region, service, terminator, ...more] = credential.split('/');
  if (
    !accessKeyId ||
    !date ||
    region === undefined ||
    service === undefined ||
    terminator === undefined ||
    more.length > 0
  ) {
    return incomplete(
      'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.',
    );
  }
  if (terminator !== 'aws4_request') {
    return incomplete("Credential should be scoped with a valid terminator: 'aws4_request'.");
  }
  return {
    ...rest,
    accessKeyId,
    scope: { date, region, service },
    signedHeaders: signedHeaders.split(';'),
  };
}

/** Of an HTTP date (RFC 9110 5.6.7), which a request may be signed with instead; `undefined` where it is none. */
function amzDateOf(httpDate: string | undefined): string | undefined {
  const timeMs = httpDate === undefined ? Number.NaN : Date.parse(httpDate);
  if (Number.isNaN(timeMs)) return undefined;
  return `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

const AMZ_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** Milliseconds since the Unix epoch of `20130524T000000Z`; `undefined` where the text is not such a date. */
export function parseAmzDate(text: string): number | undefined {
  const [, year, month, day, hour, minute, second] = AMZ_DATE.exec(text) ?? [];
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

function incomplete(message: string): UnreadableClaim {
  return { error: 'IncompleteSignature', message };
}
