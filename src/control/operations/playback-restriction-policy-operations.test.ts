import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError, ControlApiHarness } from '../testing/control-api-harness.ts';

const NOWHERE = 'arn:aws:ivs:us-west-2:123456789012:playback-restriction-policy/abcdABCDefgh';

async function withPolicy(input: object = {}) {
  const api = new ControlApiHarness();
  const { status, body } = await api.call('CreatePlaybackRestrictionPolicy', input);
  assert.equal(status, 200, body.message);
  return { api, policy: body.playbackRestrictionPolicy };
}

describe('CreatePlaybackRestrictionPolicy', () => {
  test('restricts nothing unless told otherwise', async () => {
    const { api, policy } = await withPolicy();
    assert.match(policy.arn, /:playback-restriction-policy\/\w{12}$/);
    assert.deepEqual(policy, {
      arn: policy.arn,
      allowedCountries: [],
      allowedOrigins: [],
      enableStrictOriginEnforcement: false,
      name: '',
      tags: {},
    });
    const { body } = await api.call('GetPlaybackRestrictionPolicy', { arn: policy.arn });
    assert.deepEqual(body, { playbackRestrictionPolicy: policy });
  });

  test('refuses countries and origins that do not exist', async () => {
    const api = new ControlApiHarness();
    for (const input of [{ allowedCountries: ['XX'] }, { allowedOrigins: ['example.com'] }]) {
      const answer = await api.call('CreatePlaybackRestrictionPolicy', input);
      assertError(answer, 400, 'ValidationException');
    }
  });

  test('stops at three', async () => {
    const api = new ControlApiHarness();
    const create = () => api.call('CreatePlaybackRestrictionPolicy');
    const answers = await Promise.all([create(), create(), create()]);
    assert.ok(answers.every(({ status }) => status === 200));
    assertError(await create(), 402, 'ServiceQuotaExceededException');
  });
});

describe('UpdatePlaybackRestrictionPolicy', () => {
  test('changes what is given and keeps the rest; an empty list is given', async () => {
    const { api, policy } = await withPolicy({
      name: 'a',
      allowedCountries: ['CH'],
      allowedOrigins: ['https://example.com'],
      tags: { k: 'v' },
    });
    const update = {
      arn: policy.arn,
      allowedCountries: [],
      name: null,
      enableStrictOriginEnforcement: true,
    };
    const { body } = await api.call('UpdatePlaybackRestrictionPolicy', update);
    const expected = { ...policy, allowedCountries: [], enableStrictOriginEnforcement: true };
    assert.deepEqual(body, { playbackRestrictionPolicy: expected });
  });

  test('judges the settings before it looks for the policy', async () => {
    const { api } = await withPolicy();
    const update = (input: object) => api.call('UpdatePlaybackRestrictionPolicy', input);
    const wrong = await update({ arn: NOWHERE, allowedCountries: ['EU'] });
    assertError(wrong, 400, 'ValidationException');
    assertError(await update({ arn: NOWHERE }), 404, 'ResourceNotFoundException');
  });
});

test('ListPlaybackRestrictionPolicies shows one at a time unless told otherwise', async () => {
  const { api } = await withPolicy();
  await api.call('CreatePlaybackRestrictionPolicy');
  const first = await api.call('ListPlaybackRestrictionPolicies');
  assert.equal(first.body.playbackRestrictionPolicies.length, 1);
  assert.ok(first.body.nextToken);
  const all = await api.call('ListPlaybackRestrictionPolicies', { maxResults: 100 });
  assert.equal(all.body.playbackRestrictionPolicies.length, 2);
});

describe('DeletePlaybackRestrictionPolicy', () => {
  test('refuses while a channel refers to it', async () => {
    const { api, policy } = await withPolicy();
    const { arn } = policy;
    const { channel } = await api.createChannel({ playbackRestrictionPolicyArn: arn });
    const inUse = await api.call('DeletePlaybackRestrictionPolicy', { arn });
    assertError(inUse, 409, 'ConflictException');
    await api.call('UpdateChannel', { arn: channel.arn, playbackRestrictionPolicyArn: '' });
    const { status, body } = await api.call('DeletePlaybackRestrictionPolicy', { arn });
    assert.deepEqual([status, body], [204, undefined]);
    const gone = await api.call('GetPlaybackRestrictionPolicy', { arn });
    assertError(gone, 404, 'ResourceNotFoundException');
  });
});
