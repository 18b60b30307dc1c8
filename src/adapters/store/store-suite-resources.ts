import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControlStore, ResourceRecords } from '../../control/ports.ts';
import type { AdBreakRecord } from '../../domain/ad-configuration.ts';
import { ApiError } from '../../domain/errors.ts';
import type { Store } from './sqlite-store.ts';
import {
  adConfigurationOf,
  channelOf,
  eventAt,
  playbackKeyPairOf,
  playbackRestrictionPolicyOf,
  recordingConfigurationOf,
  sessionOf,
  storedChannel,
  streamKeyOf,
} from './store-fixtures.ts';

const NO_LIMIT = 1_000_000;
const T0 = 1_700_000_000_000;

interface Kind {
  readonly name: string;
  readonly records: (store: ControlStore) => ResourceRecords<ReturnType<typeof adConfigurationOf>>;
  readonly of: typeof adConfigurationOf;
  readonly reference?:
    | 'recordingConfigurationArn'
    | 'playbackRestrictionPolicyArn'
    | 'adConfigurationArn';
}

/** What is said of all kinds looks at nothing that only one of them has. */
const KINDS = [
  {
    name: 'playbackKeyPairs',
    records: (store: ControlStore) => store.playbackKeyPairs,
    of: playbackKeyPairOf,
  },
  {
    name: 'playbackRestrictionPolicies',
    records: (store: ControlStore) => store.playbackRestrictionPolicies,
    of: playbackRestrictionPolicyOf,
    reference: 'playbackRestrictionPolicyArn',
  },
  {
    name: 'recordingConfigurations',
    records: (store: ControlStore) => store.recordingConfigurations,
    of: recordingConfigurationOf,
    reference: 'recordingConfigurationArn',
  },
  {
    name: 'adConfigurations',
    records: (store: ControlStore) => store.adConfigurations,
    of: adConfigurationOf,
    reference: 'adConfigurationArn',
  },
] as unknown as readonly Kind[];

export function testResources(theStore: () => Store): void {
  for (const kind of KINDS) {
    const { name, of, reference } = kind;
    const records = () => kind.records(theStore().controlStore);

    test(`${name} keep every member, and what a change makes of it`, async () => {
      const resource = of('whole', { name: 'näme', tags: { a: '1', 'ключ 🎥': '' } });
      assert.equal(await records().create(resource, NO_LIMIT), 'created');
      assert.deepEqual(await records().get(resource.arn), resource);

      const changed = await records().update(resource.arn, (current) => ({
        ...current,
        name: 'new',
      }));
      assert.deepEqual(changed, { ...resource, name: 'new' });
      assert.deepEqual(await records().get(resource.arn), changed);
    });

    test(`${name} pass on what a change throws and write nothing`, async () => {
      const resource = of('refusing');
      await records().create(resource, NO_LIMIT);
      const refusal = new ApiError('ValidationException', 'no');
      const refuse = () => {
        throw refusal;
      };
      await assert.rejects(records().update(resource.arn, refuse), refusal);
      assert.deepEqual(await records().get(resource.arn), resource);
    });

    test(`${name} know nothing of what is not there`, async () => {
      const { arn } = of('nowhere');
      assert.equal(await records().get(arn), undefined);
      assert.equal(await records().update(arn, (current) => current), undefined);
      assert.equal(await records().delete(arn), 'not-found');
    });

    test(`${name} stop at the quota, of a hundred at once and of each tenant apart`, async () => {
      const tenant = { accountId: '000000000010', region: 'eu-west-1' };
      const attempts = Array.from({ length: 100 }, (_, n) =>
        records().create(of(`q${n}`, tenant), 3),
      );
      const outcomes = await Promise.all(attempts);
      assert.equal(outcomes.filter((outcome) => outcome === 'created').length, 3);
      assert.equal(outcomes.filter((outcome) => outcome === 'quota-exceeded').length, 97);
      assert.equal((await records().list(tenant, { limit: 10 })).items.length, 3);

      const elsewhere = { ...tenant, region: 'ap-south-1' };
      assert.equal(await records().create(of('q0', elsewhere), 3), 'created');
      const [first] = (await records().list(tenant, { limit: 1 })).items;
      assert.equal(await records().delete(first!.arn), 'deleted');
      assert.equal(await records().create(of('again', tenant), 3), 'created');
    });

    test(`${name} are listed in creation order, page by page, over deletes and inserts`, async () => {
      const tenant = { accountId: '000000000011', region: 'eu-west-1' };
      const ids = ['z', 'a', 'b', 'y'];
      for (const [n, id] of ids.entries()) {
        const createdAtMs = T0 + [0, 1, 1, 2][n]!;
        await records().create(of(id, { ...tenant, createdAtMs }), NO_LIMIT);
      }
      const first = await records().list(tenant, { limit: 2 });
      assert.deepEqual(
        first.items.map(({ id }) => id),
        ['z', 'a'],
      );
      await records().delete(of('a', tenant).arn);
      await records().create(of('late', { ...tenant, createdAtMs: T0 + 3 }), NO_LIMIT);
      const second = await records().list(tenant, { limit: 3, after: first.next! });
      assert.deepEqual(
        second.items.map(({ id }) => id),
        ['b', 'y', 'late'],
      );
      assert.equal(second.next, undefined);
    });

    test(`${name} have tags that updateTags() changes`, async () => {
      const { controlStore } = theStore();
      const { arn } = of('tagged');
      await records().create(of('tagged', { tags: { a: '1' } }), NO_LIMIT);
      await controlStore.updateTags(arn, (current) => ({ ...current, b: '2' }));
      assert.deepEqual(await controlStore.getTags(arn), { a: '1', b: '2' });
      assert.deepEqual((await records().get(arn))?.tags, { a: '1', b: '2' });
    });

    if (!reference) continue;

    test(`${name} stay while a channel refers to them`, async () => {
      const { controlStore } = theStore();
      const { arn } = of('used');
      await records().create(of('used'), NO_LIMIT);
      const channel = channelOf(`using-${reference}`, { [reference]: arn });
      await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);

      assert.equal(await records().delete(arn), 'in-use');

      await controlStore.updateChannel(channel.arn, (current) => ({ ...current, [reference]: '' }));
      assert.equal(await records().delete(arn), 'deleted');
      assert.equal(await records().get(arn), undefined);
    });

    test(`${name} that are gone can't be referred to`, async () => {
      const { controlStore } = theStore();
      const { arn } = of('gone');
      const channel = channelOf(`late-${reference}`, { [reference]: arn });
      const create = () => controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
      assert.equal(await create(), 'attachment-gone');
      assert.equal(await controlStore.getChannel(channel.arn), undefined);

      const plain = { ...channel, [reference]: '' };
      await controlStore.createChannel(plain, streamKeyOf(plain), NO_LIMIT);
      const update = await controlStore.updateChannel(channel.arn, () => channel);
      assert.equal(update, 'attachment-gone');
      assert.deepEqual(await controlStore.getChannel(channel.arn), plain);
    });

    test(`${name} are attached or deleted, never both, when both are asked for at once`, async () => {
      const { controlStore } = theStore();
      for (let round = 0; round < 10; round += 1) {
        const { arn } = of(`raced${round}`);
        await records().create(of(`raced${round}`), NO_LIMIT);
        const channel = channelOf(`raced-${reference}-${round}`);
        await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
        const attach = () =>
          controlStore.updateChannel(channel.arn, (current) => ({ ...current, [reference]: arn }));
        const remove = () => records().delete(arn);
        const order = round % 2 === 0 ? [attach, remove] : [remove, attach];
        await Promise.all(order.map((run) => run()));

        const after = await controlStore.getChannel(channel.arn);
        const attached: boolean = after?.[reference] === arn;
        const exists = (await records().get(arn)) !== undefined;
        assert.equal(attached, exists);
      }
    });
  }

  test('playbackKeyPairs hold a key once for a tenant, whatever the quota', async () => {
    const { playbackKeyPairs } = theStore().controlStore;
    const publicKeyPem = 'the same key';
    const tenant = { accountId: '000000000012', region: 'eu-west-1' };
    const outcomes = await Promise.all(
      ['k1', 'k2'].map((id) =>
        playbackKeyPairs.create(playbackKeyPairOf(id, { ...tenant, publicKeyPem }), 1),
      ),
    );
    assert.deepEqual(outcomes.toSorted(), ['already-exists', 'created']);
    const elsewhere = { ...tenant, region: 'ap-south-1', publicKeyPem };
    assert.equal(await playbackKeyPairs.create(playbackKeyPairOf('k3', elsewhere), 1), 'created');
  });

  test('creatingRecordingConfigurations() finds those of every tenant, and no others', async () => {
    const { controlStore } = theStore();
    const { recordingConfigurations } = controlStore;
    const waiting = [
      recordingConfigurationOf('waits1', { state: 'CREATING' }),
      recordingConfigurationOf('waits2', { state: 'CREATING', region: 'ap-south-1' }),
    ];
    const failed = recordingConfigurationOf('failed', { state: 'CREATE_FAILED' });
    for (const one of [...waiting, failed]) await recordingConfigurations.create(one, NO_LIMIT);
    assert.deepEqual(
      new Set((await controlStore.creatingRecordingConfigurations()).map(({ id }) => id)),
      new Set(['waits1', 'waits2']),
    );
  });

  test('createSession() keeps the recording configuration as it was then', async () => {
    const { controlStore, sessionLog } = theStore();
    const configuration = recordingConfigurationOf('snapshot', { tags: { a: '1' } });
    await controlStore.recordingConfigurations.create(configuration, NO_LIMIT);
    const recorded = await storedChannel(theStore(), 'recorded', {
      recordingConfigurationArn: configuration.arn,
    });
    await sessionLog.createSession(
      sessionOf(recorded, 'st-recorded'),
      eventAt(T0, 'Session Created'),
    );
    await controlStore.updateTags(configuration.arn, () => ({}));

    const session = await controlStore.getStreamSession(recorded.arn, 'st-recorded');
    assert.deepEqual(session?.recordingConfiguration, configuration);
    const plain = await storedChannel(theStore(), 'unrecorded');
    await sessionLog.createSession(sessionOf(plain, 'st-plain'), eventAt(T0, 'Session Created'));
    const other = await controlStore.getStreamSession(plain.arn, 'st-plain');
    assert.equal(other?.recordingConfiguration, undefined);
  });

  test('insertAdBreak() has one in a stream at a time, of ten at once', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = await storedChannel(theStore(), 'advertising');
    for (const streamId of ['st-ads-1', 'st-ads-2']) {
      await sessionLog.createSession(sessionOf(channel, streamId), eventAt(T0, 'Session Created'));
    }
    const adBreak = (id: string, changes: Partial<AdBreakRecord> = {}): AdBreakRecord => ({
      id,
      channelArn: channel.arn,
      streamId: 'st-ads-1',
      insertedAtMs: T0,
      durationSeconds: 30,
      endsAtMs: T0 + 40_000,
      ...changes,
    });
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, n) => controlStore.insertAdBreak(adBreak(`ad${n}`))),
    );
    assert.equal(outcomes.filter((outcome) => outcome === 'inserted').length, 1);
    const early = adBreak('early', { insertedAtMs: T0 + 39_999 });
    assert.equal(await controlStore.insertAdBreak(early), 'in-progress');
    const next = adBreak('next', { insertedAtMs: T0 + 40_000, endsAtMs: T0 + 50_000 });
    assert.equal(await controlStore.insertAdBreak(next), 'inserted');
    assert.equal(
      await controlStore.insertAdBreak(adBreak('other', { streamId: 'st-ads-2' })),
      'inserted',
    );
  });

  test('revokeViewerSessions() keeps the highest version, and names what it did not take', async () => {
    const { controlStore } = theStore();
    const channel = channelOf('private');
    await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    const revocation = (versionsThrough: number, viewerId = 'viewer') => ({
      channelArn: channel.arn,
      viewerId,
      versionsThrough,
    });
    const lost = { ...revocation(1), channelArn: `${channel.arn}x` };
    const refused = await controlStore.revokeViewerSessions([
      revocation(3),
      lost,
      revocation(2 ** 40, 'other'),
      revocation(2),
    ]);
    assert.deepEqual(refused, [lost]);
    assert.deepEqual(
      await controlStore.getViewerSessionRevocation(channel.arn, 'viewer'),
      revocation(3),
    );
    assert.deepEqual(
      await controlStore.getViewerSessionRevocation(channel.arn, 'other'),
      revocation(2 ** 40, 'other'),
    );
    await controlStore.revokeViewerSessions([revocation(5)]);
    assert.deepEqual(
      await controlStore.getViewerSessionRevocation(channel.arn, 'viewer'),
      revocation(5),
    );
    await controlStore.deleteChannel(channel.arn);
    assert.equal(
      await controlStore.getViewerSessionRevocation(channel.arn, 'viewer'),
      undefined,
      'it goes with its channel',
    );
  });
}
