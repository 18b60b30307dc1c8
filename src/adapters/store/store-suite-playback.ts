import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from './sqlite-store.ts';
import {
  channelOf,
  playbackKeyPairOf,
  playbackRestrictionPolicyOf,
  streamKeyOf,
} from './store-fixtures.ts';

const NO_LIMIT = 1_000_000;
const T0 = 1_700_000_000_000;

/** What delivery asks of every dialect's store. */
export function testPlaybackRecords(theStore: () => Store): void {
  test('publicKeys() are those of the tenant, until they are deleted', async () => {
    const { controlStore, playbackRecords } = theStore();
    const tenant = { accountId: '666666666666', region: 'us-west-2' };
    const elsewhere = { ...tenant, region: 'eu-west-1' };
    const keyPair = playbackKeyPairOf('played', tenant);
    await controlStore.playbackKeyPairs.create(keyPair, NO_LIMIT);
    await controlStore.playbackKeyPairs.create(playbackKeyPairOf('away', elsewhere), NO_LIMIT);
    assert.deepEqual(await playbackRecords.publicKeys(tenant), [keyPair.publicKeyPem]);
    assert.deepEqual(
      await playbackRecords.publicKeys({ ...tenant, accountId: '777777777777' }),
      [],
    );
    await controlStore.playbackKeyPairs.delete(keyPair.arn);
    assert.deepEqual(await playbackRecords.publicKeys(tenant), []);
  });

  test('restrictionPolicy() is as it was last written', async () => {
    const { controlStore, playbackRecords } = theStore();
    const policy = playbackRestrictionPolicyOf('played');
    await controlStore.playbackRestrictionPolicies.create(policy, NO_LIMIT);
    await controlStore.playbackRestrictionPolicies.update(policy.arn, (current) => ({
      ...current,
      allowedCountries: ['FR'],
    }));
    const found = await playbackRecords.restrictionPolicy(policy.arn);
    assert.deepEqual(found, { ...policy, allowedCountries: ['FR'] });
    assert.equal(await playbackRecords.restrictionPolicy(`${policy.arn}x`), undefined);
  });

  test('revokedVersion() is that of the viewer on the channel', async () => {
    const { controlStore, playbackRecords } = theStore();
    const channel = channelOf('revoking');
    await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    const revocation = { channelArn: channel.arn, viewerId: 'ann', versionsThrough: 3 };
    await controlStore.revokeViewerSessions([revocation]);
    assert.equal(await playbackRecords.revokedVersion(channel.arn, 'ann'), 3);
    assert.equal(await playbackRecords.revokedVersion(channel.arn, 'bob'), undefined);
    assert.equal(await playbackRecords.revokedVersion(`${channel.arn}x`, 'ann'), undefined);
  });

  test('useToken() is true once for a token and a channel, however many ask at once', async () => {
    const { controlStore, playbackRecords } = theStore();
    const [channel, other] = [channelOf('once1'), channelOf('once2')];
    for (const one of [channel, other]) {
      await controlStore.createChannel(one, streamKeyOf(one), NO_LIMIT);
    }
    const token = { channelArn: channel.arn, uuid: 'a uuid', expiresAtMs: T0 + 0.5 };
    const uses = await Promise.all(
      Array.from({ length: 10 }, () => playbackRecords.useToken(token)),
    );
    assert.equal(uses.filter(Boolean).length, 1);
    assert.equal(await playbackRecords.useToken({ ...token, channelArn: other.arn }), true);

    await playbackRecords.deleteTokensExpiredBefore(T0);
    assert.equal(await playbackRecords.useToken(token), false, 'it has not expired');
    await playbackRecords.deleteTokensExpiredBefore(T0 + 2);
    assert.equal(await playbackRecords.useToken(token), true, 'nobody could use it any more');
  });
}
