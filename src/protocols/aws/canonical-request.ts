/** The parts of an HTTP request that a signature covers, as they were received. */
export interface SignableRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  /** Percent-encoded, without the question mark. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export const SIGNATURE_PARAMETER = 'X-Amz-Signature';

/**
 * The canonical request of Signature Version 4 for services other than S3: the path is encoded a second time.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, step 1.
 *
 * @param query what `parseQuery` made of the request's query.
 * @param signedHeaders names in lower case, in the order in which they were signed.
 * @param payloadHash hexadecimal SHA-256 of the body, or `UNSIGNED-PAYLOAD`.
 */
export function canonicalRequest(
  request: SignableRequest,
  query: readonly QueryParameter[],
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  let headers = '';
  for (const name of signedHeaders) {
    // The AWS SDKs sign HTTP/2's name of it; where it came as HTTP/1.1, or through a proxy, it is the Host header.
    const field = name === ':authority' ? 'host' : name;
    // A name such as `constructor` is what every object has, and no header.
    const value = Object.hasOwn(request.headers, field) ? request.headers[field] : undefined;
    headers += `${name}:${canonicalHeaderValue(value ?? '')}\n`;
  }
  const path = canonicalPath(request.path);
  return `${request.method}\n${path}\n${canonicalQuery(query)}\n${headers}\n${signedHeaders.join(';')}\n${payloadHash}`;
}

export interface QueryParameter {
  /** Decoded, as is the value. */
  readonly name: string;
  readonly value: string;
}

const NO_PARAMETERS: readonly QueryParameter[] = [];

/**
 * Decodes a query; repeated names stay, in their order. A plus sign is a plus sign: signers never write a
 * space that way. Throws `URIError` on a malformed percent escape.
 */
export function parseQuery(query: string): readonly QueryParameter[] {
  if (query === '') return NO_PARAMETERS;
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const name = equals === -1 ? pair : pair.slice(0, equals);
      const value = equals === -1 ? '' : pair.slice(equals + 1);
      return { name: decodeURIComponent(name), value: decodeURIComponent(value) };
    });
}

function canonicalQuery(parameters: readonly QueryParameter[]): string {
  if (parameters.length === 0) return '';
  // "Sort the parameter names by character code point in ascending order. Parameters with duplicate names should
  // be sorted by value", both after encoding, which leaves ASCII only.
  return parameters
    .filter(({ name }) => name !== SIGNATURE_PARAMETER)
    .map(({ name, value }) => ({ name: encodeRfc3986(name), value: encodeRfc3986(value) }))
    .sort((a, b) => compareAscii(a.name, b.name) || compareAscii(a.value, b.value))
    .map(({ name, value }) => `${name}=${value}`)
    .join('&');
}

const compareAscii = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const UNRESERVED_PATH = /^[A-Za-z0-9/_~-]*$/;

function canonicalPath(path: string): string {
  // Every operation but three has a path in which there is nothing to normalize or to encode.
  if (UNRESERVED_PATH.test(path) && !path.includes('//')) return path;
  return encodeRfc3986(removeDotSegments(path)).replaceAll('%2F', '/');
}

/** RFC 3986 section 5.2.4, and empty segments dropped, as every AWS signer does for services other than S3. */
function removeDotSegments(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const trailingSlash = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${trailingSlash}`;
}

/** RFC 3986 section 2.3: everything but the unreserved characters is escaped. */
function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** "Remove leading and trailing spaces; convert sequential spaces to a single space". */
function canonicalHeaderValue(value: string): string {
  const trimmed = value.trim();
  return trimmed.includes('  ') || trimmed.includes('\t') ? trimmed.replace(/\s+/g, ' ') : trimmed;
}
