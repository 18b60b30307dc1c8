import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { HeaderFields, PlainRequestReader } from './plain-request.ts';

const readPlainRequest = (text: string) => new PlainRequestReader().read(text);
const fieldsByName = (lines: string) => new HeaderFields(lines).byName;

const BROWSER = [
  'GET /live/a/b.m3u8?s=1&_HLS_msn=2 HTTP/1.1',
  'Host: 127.0.0.1:8080',
  'Connection: keep-alive',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64)',
  'Accept: */*',
  'Accept-Encoding: gzip, deflate, br',
  '',
  '',
].join('\r\n');

test('PlainRequestReader reads what players send', () => {
  const get = readPlainRequest(BROWSER);
  assert.equal(get?.target, '/live/a/b.m3u8?s=1&_HLS_msn=2');
  assert.deepEqual(
    { ...get?.fields.byName },
    {
      host: '127.0.0.1:8080',
      connection: 'keep-alive',
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)',
      accept: '*/*',
      'accept-encoding': 'gzip, deflate, br',
    },
  );
});

const withField = (line: string) => `GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`;

for (const [what, text] of [
  ['another method', 'PUT / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a method in lower case', 'get / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['another version', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n'],
  ['an absolute target', 'GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a target with a space', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a target with a control character', 'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a target beyond ASCII', 'GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['no Host', 'GET / HTTP/1.1\r\nAccept: */*\r\n\r\n'],
  ['two Hosts', withField('hOST: b')],
  ['no fields', 'GET / HTTP/1.1\r\n\r\n'],
  ['an open end', 'GET / HTTP/1.1\r\nHost: a\r\n'],
  ['more behind it', `${withField('Accept: */*')}G`],
  ['two requests', BROWSER + BROWSER],
  ['bare line feeds', 'GET / HTTP/1.1\nHost: a\n\n'],
  ['a folded field', withField('A: b\r\n c')],
  ['a space before the colon', withField('Accept : */*')],
  ['an empty name', withField(': b')],
  ['a value with a bare carriage return', withField('A: b\rc')],
  ['a value with a zero', withField('A: b\0c')],
  ['a body that is not here', withField('Content-Length: 10')],
  ['a body that is not all here', `${withField('Content-Length: 3')}ab`],
  ['a body and more', `${withField('Content-Length: 3')}abcd`],
  ['two lengths', `${withField('Content-Length: 3\r\ncontent-length: 3')}abc`],
  ['a length with a sign', `${withField('Content-Length: +3')}abc`],
  ['a list of lengths', `${withField('Content-Length: 3, 3')}abc`],
  ['no length', withField('Content-Length:')],
  ['a length that is none', withField('Content-Length: 0x0')],
  ['a chunked body', withField('transfer-encoding:chunked')],
  ['Expect', withField('Expect: 100-continue')],
  ['Upgrade', withField('Upgrade: h2c')],
  ['Connection: close', withField('Connection: close')],
  ['a Connection of two options', withField('Connection: keep-alive, x')],
  ['TE', withField('TE: trailers')],
  ['101 fields', withField(Array.from({ length: 100 }, (_, i) => `A${i}: b`).join('\r\n'))],
] as const) {
  test(`PlainRequestReader leaves ${what} to others`, () => {
    assert.equal(readPlainRequest(text), undefined);
  });
}

test('PlainRequestReader takes what says that it has no body', () => {
  assert.equal(readPlainRequest(withField('Content-Length: 0'))?.target, '/');
});

test('PlainRequestReader reads a call of the API with its body', () => {
  const call = 'POST /GetStream HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n{\n}';
  const request = readPlainRequest(call);
  assert.equal(request?.method, 'POST');
  assert.equal(request?.target, '/GetStream');
  assert.equal(call.slice(request?.bodyOffset), '{\n}');
});

test('HeaderFields joins what was said twice', () => {
  const fields = 'X-Forwarded-For: 192.0.2.1\r\nx-forwarded-for:\t192.0.2.2 \r\n';
  assert.equal(fieldsByName(fields)['x-forwarded-for'], '192.0.2.1, 192.0.2.2');
  assert.equal(fieldsByName('Cookie: a=1\r\nCookie: b=2\r\n')['cookie'], 'a=1; b=2');
});

test('a property: what PlainRequestReader takes, it reads to the last byte', () => {
  const token = fc.stringMatching(/^[a-z-]{1,12}$/);
  const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(token, value), { maxLength: 20 }), (lines) => {
      const fields = lines.map(([name, text]) => `x-${name}: ${text}\r\n`).join('');
      const get = readPlainRequest(`GET /a HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
      const byName = get?.fields.byName ?? {};
      assert.equal(byName['host'], 'a');
      for (const [name, text] of lines) assert.ok(byName[`x-${name}`]?.includes(text));
    }),
  );
});

test('a property: noise takes one pass, and is nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 2000 }), (text) => {
      const get = readPlainRequest(text);
      assert.ok(get === undefined || /^(GET|POST) \//.test(text));
    }),
  );
});

test('PlainRequestReader remembers what a client always sends, and reads it the same', () => {
  const reader = new PlainRequestReader();
  const first = reader.read(BROWSER);
  const second = reader.read(BROWSER.replace('_HLS_msn=2', '_HLS_msn=3'));
  assert.equal(second?.target, '/live/a/b.m3u8?s=1&_HLS_msn=3');
  assert.deepEqual(second?.fields.byName, first?.fields.byName);
  assert.equal(reader.read(BROWSER.replace('GET ', 'GET x')), undefined);
  const ranged = reader.read(BROWSER.replace('\r\n\r\n', '\r\nRange: bytes=0-1\r\n\r\n'));
  assert.equal(ranged?.fields.byName['range'], 'bytes=0-1');
  assert.equal(reader.read(`${BROWSER}G`), undefined);
  assert.equal(reader.read(BROWSER)?.bodyOffset, BROWSER.length);
});

test('PlainRequestReader gives the same object for the same request, and reads no other as it', () => {
  const reader = new PlainRequestReader();
  const first = reader.read(BROWSER);
  assert.equal(reader.read(BROWSER), first);
  assert.equal(reader.read(`${BROWSER}G`), undefined);
  const call = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nb';
  assert.notEqual(reader.read(call), reader.read(call));
  assert.equal(reader.read(BROWSER), first);
});

test('a property: a reader with a past reads as one without', () => {
  const reader = new PlainRequestReader();
  const line = fc.constantFrom(
    'GET / HTTP/1.1',
    'POST /a HTTP/1.1',
    'GET x HTTP/1.1',
    'HEAD / HTTP/1.1',
  );
  const field = fc.constantFrom(
    'Host: a',
    'A: b',
    'Content-Length: 0',
    'Content-Length: 2',
    'TE: x',
    'C',
  );
  const body = fc.constantFrom('', '', 'ab', 'abc');
  fc.assert(
    fc.property(line, fc.array(field, { maxLength: 4 }), body, (first, fields, rest) => {
      const text = `${[first, 'Host: a', ...fields].join('\r\n')}\r\n\r\n${rest}`;
      const [known, fresh] = [reader.read(text), readPlainRequest(text)];
      assert.equal(known?.target, fresh?.target);
      assert.equal(known?.bodyOffset, fresh?.bodyOffset);
      assert.deepEqual(known?.fields.byName, fresh?.fields.byName);
    }),
  );
});
