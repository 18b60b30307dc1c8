import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPERATIONS } from './operation-table.ts';
import { Routes } from './routes.ts';

const routes = new Routes(OPERATIONS);

function found(method: string, path: string): string {
  const route = routes.find(method, path);
  return route.kind === 'operation' ? route.operation.name : route.kind;
}

test('find() finds every operation at its own path', () => {
  for (const { name, method, uri } of OPERATIONS) {
    const path = uri.replace('{resourceArn}', 'arn%3Aaws%3Aivs%3Ar%3A1%3Achannel%2Fa');
    assert.equal(found(method, path), name);
  }
});

test('find() takes a POST to what could be an operation for an unknown one', () => {
  assert.equal(found('POST', '/PutMetadatum'), 'unknown-operation');
  assert.equal(found('POST', '/tags/'), 'unknown-operation');
});

test('find() says which methods a path has', () => {
  assert.deepEqual(routes.find('OPTIONS', '/GetStream'), {
    kind: 'wrong-method',
    methods: ['POST'],
  });
  assert.equal(found('GET', '/GetStream'), 'wrong-method');
  assert.equal(found('PUT', '/tags/a'), 'wrong-method');
});

// Without it the browser reports a network error where the SDK would have thrown UnknownOperationException.
test('find() lets a page ask before it calls an operation that is not there', () => {
  assert.deepEqual(routes.find('OPTIONS', '/PutMetadatum'), {
    kind: 'wrong-method',
    methods: ['POST'],
  });
});

test('find() takes whatever is no call of an operation for an unknown one', () => {
  const others: [string, string][] = [
    ['GET', '/'],
    ['POST', '/'],
    ['GET', '/Watch'],
    ['POST', '/v1/offer'],
    ['POST', '/api/v3/GetClientConfiguration'],
    ['GET', '/tags'],
    ['GET', '/tags/a/b'],
    ['POST', '//GetStream'],
    ['POST', '/getstream'],
    ['POST', '/GetStream/'],
    ['OPTIONS', '/api/video/v1/x.m3u8'],
    ['GET', '/api/video/v1/us-west-2.123456789012.channel.a.m3u8'],
  ];
  for (const [method, path] of others) {
    assert.equal(found(method, path), 'unknown-operation', path);
  }
});
