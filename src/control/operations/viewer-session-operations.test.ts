import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError, ControlApiHarness } from '../testing/control-api-harness.ts';

const ELSEWHERE = 'arn:aws:ivs:us-east-1:123456789012:channel/abcdABCDefgh';

async function withChannel() {
  const api = new ControlApiHarness();
  const { channel } = await api.createChannel({ authorized: true });
  const channelArn = channel.arn as string;
  const versionOf = async (viewerId: string) =>
    (await api.store.getViewerSessionRevocation(channelArn, viewerId))?.versionsThrough;
  return { api, channelArn, versionOf };
}

describe('StartViewerSessionRevocation', () => {
  test('revokes version 0 unless told otherwise, and never less than before', async () => {
    const { api, channelArn, versionOf } = await withChannel();
    const revoke = (input: object = {}) =>
      api.call('StartViewerSessionRevocation', { channelArn, viewerId: 'viewer 1', ...input });
    const { status, body } = await revoke();
    assert.deepEqual([status, body], [200, {}]);
    assert.equal(await versionOf('viewer 1'), 0);
    await revoke({ viewerSessionVersionsLessThanOrEqualTo: 7 });
    await revoke({ viewerSessionVersionsLessThanOrEqualTo: 3 });
    assert.equal(await versionOf('viewer 1'), 7);
    assert.deepEqual(
      api.live.cutViewers.map(({ viewerId, versionsThrough }) => [viewerId, versionsThrough]),
      [
        ['viewer 1', 0],
        ['viewer 1', 7],
        ['viewer 1', 3],
      ],
    );
  });

  test('knows nothing of channels that are not there, or another tenant’s', async () => {
    const { api, channelArn } = await withChannel();
    for (const arn of [`${channelArn}x`, ELSEWHERE]) {
      const input = { channelArn: arn, viewerId: 'viewer' };
      const answer = await api.call('StartViewerSessionRevocation', input);
      assertError(answer, 404, 'ResourceNotFoundException');
    }
    assert.deepEqual(api.live.cutViewers, []);
  });
});

describe('BatchStartViewerSessionRevocation', () => {
  test('takes what it can and names the rest, in the order asked for', async () => {
    const { api, channelArn, versionOf } = await withChannel();
    const { status, body } = await api.call('BatchStartViewerSessionRevocation', {
      viewerSessions: [
        { channelArn: ELSEWHERE, viewerId: 'a' },
        { channelArn, viewerId: 'b', viewerSessionVersionsLessThanOrEqualTo: 2 },
        { channelArn: `${channelArn}x`, viewerId: 'c' },
        { channelArn, viewerId: 'd' },
      ],
    });
    assert.equal(status, 200);
    assert.deepEqual(body, {
      errors: [
        {
          channelArn: ELSEWHERE,
          viewerId: 'a',
          code: '404',
          message: `Resource: ${ELSEWHERE} not found`,
        },
        {
          channelArn: `${channelArn}x`,
          viewerId: 'c',
          code: '404',
          message: `Resource: ${channelArn}x not found`,
        },
      ],
    });
    assert.deepEqual([await versionOf('b'), await versionOf('d')], [2, 0]);
    const cut = api.live.cutViewers.map(({ viewerId }) => viewerId);
    assert.deepEqual(cut, ['b', 'd']);
  });

  test('answers without errors when there are none', async () => {
    const { api, channelArn } = await withChannel();
    const viewerSessions = [{ channelArn, viewerId: 'a' }];
    const { body } = await api.call('BatchStartViewerSessionRevocation', { viewerSessions });
    assert.deepEqual(body, { errors: [] });
  });
});
