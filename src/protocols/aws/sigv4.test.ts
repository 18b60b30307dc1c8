import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SigV4Verifier, type VerifiableRequest } from './sigv4.ts';
import { awsSigner } from './testing/aws-signer.ts';

const ACCESS_KEY_ID = 'AKIAIOSFODNN7EXAMPLE';
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const SIGNED_AT = new Date('2026-03-04T05:06:07Z');
const NOW_MS = SIGNED_AT.getTime();
const MINUTE_MS = 60_000;
const EMPTY = new Uint8Array();

const verifier = verifierOf('ivs');

function verifierOf(service: string, secret = SECRET): SigV4Verifier {
  return new SigV4Verifier({
    service,
    secretOf: (id) => (id === ACCESS_KEY_ID ? secret : undefined),
  });
}

const oracle = (credentials: { sessionToken?: string } = {}, options = {}) =>
  awsSigner({ accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET, ...credentials }, options);

interface Parts {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Record<string, string | string[]>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

function toSign({
  method = 'POST',
  path = '/GetStream',
  query = {},
  headers = {},
  body = '',
}: Parts) {
  return {
    method,
    protocol: 'http:',
    hostname: 'localhost',
    path,
    query,
    headers: { host: 'localhost:8080', ...headers },
    body,
  };
}

/** What arrives of a request that the oracle signed. */
async function signed(parts: Parts = {}, signer = oracle()): Promise<VerifiableRequest> {
  return received(await signer.sign(toSign(parts), { signingDate: SIGNED_AT }));
}

async function presigned(parts: Parts, expiresIn: number): Promise<VerifiableRequest> {
  return received(await oracle().presign(toSign(parts), { signingDate: SIGNED_AT, expiresIn }));
}

interface SignedParts {
  readonly method: string;
  readonly path: string;
  readonly query?: Record<string, string | string[] | null> | undefined;
  readonly headers: Record<string, string>;
}

function received({ method, path, query = {}, headers }: SignedParts): VerifiableRequest {
  const pairs = Object.entries(query).flatMap(([name, values]) =>
    [values ?? '']
      .flat()
      .map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
  );
  return { method, path, query: pairs.join('&'), headers, isEncrypted: false };
}

const bytes = (text: string) => Buffer.from(text);

function errorOf(request: VerifiableRequest, body: Uint8Array = EMPTY, nowMs = NOW_MS) {
  const verdict = verifier.verify(request, body, nowMs);
  assert.ok(!verdict.ok, 'the request was accepted');
  return verdict;
}

describe('SigV4Verifier', () => {
  test('verify() agrees with the example of the AWS documentation', () => {
    const iam = new SigV4Verifier({
      service: 'iam',
      secretOf: () => 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    });
    const request: VerifiableRequest = {
      method: 'GET',
      path: '/',
      query: 'Action=ListUsers&Version=2010-05-08',
      headers: {
        host: 'iam.amazonaws.com',
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        'x-amz-date': '20150830T123600Z',
        authorization:
          'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
      },
      isEncrypted: true,
    };
    assert.deepEqual(iam.verify(request, EMPTY, Date.parse('2015-08-30T12:36:00Z')), {
      ok: true,
      accessKeyId: 'AKIDEXAMPLE',
      region: 'us-east-1',
    });
  });

  // botocore signs so where the caller has set the header.
  test('verify() takes Date for X-Amz-Date where there is no other, as botocore signs it', () => {
    const request: VerifiableRequest = {
      method: 'POST',
      path: '/GetStream',
      query: '',
      headers: {
        host: 'localhost:8080',
        'content-type': 'application/json',
        date: 'Wed, 04 Mar 2026 05:06:07 -0000',
        authorization:
          'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260304/us-east-1/ivs/aws4_request, SignedHeaders=content-type;date;host, Signature=045f8f250e181c02b25e317871dba4f31eae8cbc5e5d512e432a7067ae16a836',
      },
      isEncrypted: false,
    };
    assert.ok(verifier.verify(request, bytes('{}'), NOW_MS).ok);
    const { date: _, ...dateless } = request.headers;
    for (const headers of [{ ...dateless, date: 'tomorrow' }, dateless]) {
      const refused = errorOf({ ...request, headers }, bytes('{}'));
      assert.match(refused.message, /existence of either a 'X-Amz-Date' or a 'Date' header/);
    }
  });

  test('verify() takes the names that every object has for headers that did not come', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasownproperty']) {
      const authorization = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY_ID}/20260304/us-east-1/ivs/aws4_request, SignedHeaders=host;${name}, Signature=${'0'.repeat(64)}`;
      const headers = { host: 'localhost', 'x-amz-date': '20260304T050607Z', authorization };
      const request = { method: 'POST', path: '/GetChannel', query: '', headers };
      const { error } = errorOf({ ...request, isEncrypted: false });
      assert.equal(error, 'InvalidSignatureException');
    }
  });

  // Over HTTP/2 the AWS SDKs sign `:authority` and no Host; a proxy may have made a Host of it.
  test('verify() takes a signed :authority for the Host', async () => {
    const headers = { ':authority': 'localhost:8443' };
    const { headers: sent, ...rest } = await oracle().sign(
      { ...toSign({}), headers },
      { signingDate: SIGNED_AT },
    );
    assert.match(sent['authorization'] ?? '', /SignedHeaders=:authority;/);
    const arriving = (host: string) => received({ ...rest, headers: { ...sent, host } });
    assert.equal(verifier.verify(arriving('localhost:8443'), EMPTY, NOW_MS).ok, true);
    assert.equal(errorOf(arriving('other.test')).error, 'InvalidSignatureException');
  });

  test('verify() accepts whatever the AWS signer signs, in the header and in the query', async () => {
    const segment = fc.string({ unit: 'grapheme', maxLength: 8 }).map(encodeURIComponent);
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
      .filter((text) => text !== '__proto__' && !/^x-amz-/i.test(text));
    const value = fc.string({ unit: 'grapheme', maxLength: 12 });
    const parts = fc.record({
      method: fc.constantFrom('GET', 'POST', 'DELETE'),
      path: fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`),
      query: fc.dictionary(name, fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 })), {
        maxKeys: 4,
      }),
      headers: fc.record({
        'content-type': fc.constantFrom('application/json', 'a  b', '  text/plain '),
        'x-amz-user-agent': fc.stringMatching(/^[!-~]{1,20}$/),
      }),
      body: fc.string({ unit: 'grapheme', maxLength: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(parts, fc.boolean(), async (request, isPresigned) => {
        const arrived = isPresigned ? await presigned(request, 60) : await signed(request);
        assert.deepEqual(verifier.verify(arrived, bytes(request.body), NOW_MS), {
          ok: true,
          accessKeyId: ACCESS_KEY_ID,
          region: 'us-west-2',
        });
      }),
      { numRuns: 150 },
    );
  });

  test('verify() hashes the body itself when x-amz-content-sha256 is absent', async () => {
    const signer = oracle({}, { applyChecksum: false });
    const request = await signed({ body: '{"channelArn":"a"}' }, signer);
    assert.equal(request.headers['x-amz-content-sha256'], undefined);
    assert.ok(verifier.verify(request, bytes('{"channelArn":"a"}'), NOW_MS).ok);
    assert.equal(errorOf(request, bytes('{"channelArn":"b"}')).error, 'InvalidSignatureException');
  });

  test('verify() does not believe an announced body hash', async () => {
    const request = await signed({ body: 'signed' });
    assert.equal(errorOf(request, bytes('sent')).error, 'InvalidSignatureException');
  });

  test('verify() accepts UNSIGNED-PAYLOAD over TLS only', async () => {
    const request = await signed({
      headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      body: 'signed',
    });
    assert.ok(verifier.verify({ ...request, isEncrypted: true }, bytes('any'), NOW_MS).ok);
    assert.equal(errorOf(request, bytes('signed')).error, 'InvalidSignatureException');
  });

  test('verify() hands the session token on', async () => {
    const request = await signed({}, oracle({ sessionToken: 'a/token=' }));
    const verdict = verifier.verify(request, EMPTY, NOW_MS);
    assert.equal(verdict.ok && verdict.sessionToken, 'a/token=');
  });

  test('verify() refuses a request of which any signed part was changed', async () => {
    const request = await signed({ query: { tagKeys: ['a', 'b'] }, body: 'x' });
    const changed: VerifiableRequest[] = [
      { ...request, method: 'GET' },
      { ...request, path: '/GetStreams' },
      { ...request, query: 'tagKeys=a&tagKeys=c' },
      { ...request, query: 'tagKeys=a' },
      { ...request, headers: { ...request.headers, host: 'elsewhere' } },
      { ...request, headers: { ...request.headers, 'x-amz-date': '20260304T050608Z' } },
      ...signatureVariants(request),
    ];
    for (const one of changed) {
      assert.equal(errorOf(one, bytes('x')).error, 'InvalidSignatureException');
    }
  });

  test('verify() refuses what was signed for something else, whatever part of it', async () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const parts = fc.record({
      method: fc.constantFrom('GET', 'POST', 'DELETE'),
      path: fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => `/${words.join('/')}`),
      query: fc.dictionary(word, word, { minKeys: 1, maxKeys: 3 }),
      headers: fc.record({ 'content-type': word, 'x-amz-user-agent': word }),
      body: fc.stringMatching(/^[a-z]{1,20}$/),
    });
    /** Another character of the same kind. */
    const other = (text: string, at: number) => {
      const i = at % text.length;
      return text.slice(0, i) + (text[i] === '1' ? '2' : '1') + text.slice(i + 1);
    };
    const header = (
      request: VerifiableRequest,
      name: string,
      change: (text: string) => string,
    ) => ({
      ...request,
      headers: { ...request.headers, [name]: change(request.headers[name] ?? '') },
    });
    type Tamper = (request: VerifiableRequest, at: number) => VerifiableRequest;
    const inQuery = (name: string): Tamper => {
      return (request, at) => ({
        ...request,
        query: request.query.replace(new RegExp(`(?<=(?:^|&)${name}=)[^&]*`), (value) =>
          other(value, at),
        ),
      });
    };
    const everywhere: Record<string, Tamper> = {
      method: (request) => ({ ...request, method: request.method === 'GET' ? 'POST' : 'GET' }),
      path: (request, at) => ({
        ...request,
        path: `/${other(request.path.slice(1).replaceAll('/', 'x'), at)}`,
      }),
      parameter: (request) => ({ ...request, query: `${request.query}&zz=1` }),
      host: (request, at) => header(request, 'host', (text) => other(text, at)),
    };
    const inHeader: Record<string, Tamper> = {
      ...everywhere,
      'content type': (request, at) => header(request, 'content-type', (text) => other(text, at)),
      'user agent': (request, at) => header(request, 'x-amz-user-agent', (text) => other(text, at)),
      date: (request) => header(request, 'x-amz-date', (text) => text.replace('07Z', '08Z')),
      'scope region': (request) =>
        header(request, 'authorization', (text) => text.replace('us-west-2', 'us-west-1')),
      'signed headers': (request) =>
        header(request, 'authorization', (text) => text.replace('content-type;', '')),
      signature: (request, at) =>
        header(request, 'authorization', (text) => text.slice(0, -64) + other(text.slice(-64), at)),
    };
    const inPresigned: Record<string, Tamper> = {
      ...everywhere,
      date: (request) => ({ ...request, query: request.query.replace('07Z', '08Z') }),
      lifetime: inQuery('X-Amz-Expires'),
      'scope region': (request) => ({
        ...request,
        query: request.query.replace('us-west-2', 'us-west-1'),
      }),
      signature: inQuery('X-Amz-Signature'),
    };
    await fc.assert(
      fc.asyncProperty(parts, fc.boolean(), fc.nat(), async (request, isPresigned, at) => {
        const arrived = isPresigned ? await presigned(request, 60) : await signed(request);
        const body = bytes(request.body);
        assert.ok(verifier.verify(arrived, body, NOW_MS).ok);
        for (const [part, tamper] of Object.entries(isPresigned ? inPresigned : inHeader)) {
          const tampered = tamper(arrived, at);
          assert.notDeepEqual(tampered, arrived, part);
          assert.ok(!verifier.verify(tampered, body, NOW_MS).ok, part);
        }
        assert.ok(!verifier.verify(arrived, bytes(other(request.body, at)), NOW_MS).ok, 'body');
      }),
      { numRuns: 60 },
    );
  });

  test('verify() takes a request again while its time lasts, as AWS does', async () => {
    const request = await signed({ body: 'x' });
    for (const laterMs of [0, 0, MINUTE_MS, 5 * MINUTE_MS]) {
      assert.ok(verifier.verify(request, bytes('x'), NOW_MS + laterMs).ok);
    }
  });

  test('verify() gives a presigned request without a lifetime the five minutes of every other', async () => {
    const request = await presigned({}, 60);
    const unlimited = { ...request, query: request.query.replace(/&X-Amz-Expires=60/, '') };
    // The signature no longer fits; what matters is that time is looked at first.
    assert.match(errorOf(unlimited, EMPTY, NOW_MS + 6 * MINUTE_MS).message, /^Signature expired/);
    assert.match(
      errorOf(request, EMPTY, NOW_MS - 6 * MINUTE_MS).message,
      /^Signature not yet current/,
    );
  });

  test('verify() takes the parameters of the Authorization header in any order and spacing', async () => {
    const request = await signed();
    const [, credential, headers, signature] =
      /(Credential=\S+), (SignedHeaders=\S+), (Signature=\S+)/.exec(
        request.headers['authorization'] ?? '',
      ) ?? [];
    const authorization = `AWS4-HMAC-SHA256   ${signature},${headers} ,  ${credential}`;
    const reordered = { ...request, headers: { ...request.headers, authorization } };
    assert.ok(verifier.verify(reordered, EMPTY, NOW_MS).ok);
  });

  test('verify() accepts a clock that is five minutes off, and not one second more', async () => {
    const request = await signed();
    for (const offMs of [-5 * MINUTE_MS, 5 * MINUTE_MS]) {
      assert.ok(verifier.verify(request, EMPTY, NOW_MS + offMs).ok);
    }
    assert.deepEqual(errorOf(request, EMPTY, NOW_MS + 5 * MINUTE_MS + 1000), {
      ok: false,
      error: 'InvalidSignatureException',
      message:
        'Signature expired: 20260304T050607Z is now earlier than 20260304T050608Z (20260304T051108Z - 5 min.)',
    });
    assert.match(
      errorOf(request, EMPTY, NOW_MS - 5 * MINUTE_MS - 1000).message,
      /^Signature not yet current: 20260304T050607Z is still later than 20260304T050606Z/,
    );
  });

  test('verify() lets a presigned request live as long as it says', async () => {
    const request = await presigned({ method: 'GET', path: '/tags/a' }, 3600);
    assert.ok(verifier.verify(request, EMPTY, NOW_MS + 3600_000).ok);
    const late = errorOf(request, EMPTY, NOW_MS + 3601_000);
    assert.equal(late.error, 'InvalidSignatureException');
    assert.match(late.message, /^Signature expired/);
    const stretched = { ...request, query: request.query.replace('=3600', '=7200') };
    assert.equal(errorOf(stretched).error, 'InvalidSignatureException');
  });

  test('verify() names what is missing', async () => {
    const request = await signed();
    const withAuthorization = (authorization: string | undefined) => ({
      ...request,
      headers: { ...request.headers, authorization },
    });
    const cases: [string | undefined, string, RegExp][] = [
      [undefined, 'MissingAuthenticationToken', /^Missing Authentication Token$/],
      ['Bearer abc', 'IncompleteSignature', /^Unsupported AWS 'algorithm': 'Bearer'\.$/],
      ['AWS4-HMAC-SHA256', 'IncompleteSignature', /'Credential'.*'Signature'.*'SignedHeaders'/],
      [
        'AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0',
        'IncompleteSignature',
        /exactly 5 slash-delimited elements/,
      ],
      [
        'AWS4-HMAC-SHA256 Credential=a/20260304/us-west-2/ivs/aws3_request, SignedHeaders=host, Signature=0',
        'IncompleteSignature',
        /terminator/,
      ],
    ];
    for (const [authorization, error, message] of cases) {
      const refused = errorOf(withAuthorization(authorization));
      assert.equal(refused.error, error);
      assert.match(refused.message, message);
    }
    const dateless = { ...request, headers: { ...request.headers, 'x-amz-date': undefined } };
    assert.match(errorOf(dateless).message, /'X-Amz-Date' or a 'Date' header/);
    const halfPresigned = { ...request, headers: {}, query: 'X-Amz-Algorithm=AWS4-HMAC-SHA256' };
    assert.match(errorOf(halfPresigned).message, /must include 'X-Amz-Credential'/);
  });

  test('verify() checks the scope and the key that a request is signed for', async () => {
    const request = await signed();
    const withScope = (from: string, to: string) => ({
      ...request,
      headers: {
        ...request.headers,
        authorization: request.headers['authorization']?.replace(from, to),
      },
    });
    assert.deepEqual(
      [
        errorOf(withScope('/ivs/', '/s3/')),
        errorOf(withScope('us-west-2', 'US_WEST')),
        errorOf(withScope('20260304', '20260303')),
        errorOf(withScope('host;', '')),
        errorOf(withScope(ACCESS_KEY_ID, 'AKIANOBODY')),
      ].map(({ error, message }) => `${error}: ${message.slice(0, 45)}`),
      [
        'InvalidSignatureException: Credential should be scoped to correct servic',
        'InvalidSignatureException: Credential should be scoped to a valid region',
        'InvalidSignatureException: Date in Credential scope does not match YYYYM',
        "InvalidSignatureException: 'Host' or ':authority' must be a 'SignedHeade",
        'UnrecognizedClientException: The security token included in the request is',
      ],
    );
  });

  test('verify() uses a changed secret at once', async () => {
    let secret = SECRET;
    const rotating = new SigV4Verifier({ service: 'ivs', secretOf: () => secret });
    const request = await signed();
    assert.ok(rotating.verify(request, EMPTY, NOW_MS).ok);
    secret = 'another';
    assert.ok(!rotating.verify(request, EMPTY, NOW_MS).ok);
  });

  test('verify() refuses and never throws on anything a peer sends', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    const authorization = fc.oneof(
      text,
      fc
        .tuple(text, text, text)
        .map(([a, b, c]) => `AWS4-HMAC-SHA256 Credential=${a}, SignedHeaders=${b}, Signature=${c}`),
    );
    fc.assert(
      fc.property(authorization, text, text, text, (auth, date, path, query) => {
        const headers = { authorization: auth, 'x-amz-date': date };
        const request = { method: 'POST', path, query, headers, isEncrypted: false };
        assert.ok(!verifier.verify(request, EMPTY, NOW_MS).ok);
      }),
    );
  });

  test('verify() shows neither signature nor secret in a message', async () => {
    const request = await signed();
    const signature = /Signature=(\w+)/.exec(request.headers['authorization'] ?? '')?.[1] ?? '';
    const { message } = errorOf({ ...request, path: '/other' });
    assert.ok(!message.includes(signature) && !message.includes(SECRET));
  });
});

/** Another digit, upper case, cut short, and not hexadecimal at all. */
function signatureVariants(request: VerifiableRequest): VerifiableRequest[] {
  const authorization = request.headers['authorization'] ?? '';
  const signature = /Signature=(\w+)/.exec(authorization)?.[1] ?? '';
  const other = (signature.startsWith('0') ? '1' : '0') + signature.slice(1);
  return [other, signature.slice(0, 62), `${signature}00`, 'z'.repeat(64)].map((variant) => ({
    ...request,
    headers: { ...request.headers, authorization: authorization.replace(signature, variant) },
  }));
}
