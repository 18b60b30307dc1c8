import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError, ControlApiHarness } from '../testing/control-api-harness.ts';

const DESTINATION = { destinationConfiguration: { s3: { bucketName: 'my.bucket-1' } } };

async function withConfiguration(input: object = {}) {
  const api = new ControlApiHarness();
  const { status, body } = await api.call('CreateRecordingConfiguration', {
    ...DESTINATION,
    ...input,
  });
  assert.equal(status, 200, body.message);
  const created = body.recordingConfiguration;
  const get = async () =>
    (await api.call('GetRecordingConfiguration', { arn: created.arn })).body.recordingConfiguration;
  const checked = () => api.recordingDestinations[Symbol.asyncDispose]();
  return { api, created, get, checked };
}

describe('CreateRecordingConfiguration', () => {
  test('answers CREATING with every default, and is ACTIVE when the bucket has been checked', async () => {
    const { created, get, checked } = await withConfiguration({ name: 'vod', tags: { a: '1' } });
    assert.match(created.arn, /:recording-configuration\/\w{12}$/);
    assert.deepEqual(created, {
      arn: created.arn,
      name: 'vod',
      ...DESTINATION,
      state: 'CREATING',
      tags: { a: '1' },
      thumbnailConfiguration: {
        recordingMode: 'INTERVAL',
        targetIntervalSeconds: 60,
        storage: ['SEQUENTIAL'],
      },
      recordingReconnectWindowSeconds: 0,
      renditionConfiguration: { renditionSelection: 'ALL', renditions: [] },
    });
    await checked();
    const active = { ...created, state: 'ACTIVE' };
    // Terraform wants the same answer twice before it believes it.
    assert.deepEqual([await get(), await get()], [active, active]);
  });

  test('is CREATE_FAILED when the bucket cannot be used, and stays so', async () => {
    const api = new ControlApiHarness();
    api.brokenBuckets.add('broken');
    const { body } = await api.call('CreateRecordingConfiguration', {
      destinationConfiguration: { s3: { bucketName: 'broken' } },
    });
    const { arn } = body.recordingConfiguration;
    await api.recordingDestinations[Symbol.asyncDispose]();
    api.brokenBuckets.clear();
    await api.recordingDestinations.resume();
    const got = await api.call('GetRecordingConfiguration', { arn });
    assert.equal(got.body.recordingConfiguration.state, 'CREATE_FAILED');
    const attach = await api.call('CreateChannel', { recordingConfigurationArn: arn });
    assertError(attach, 400, 'ValidationException');
    assert.equal((await api.call('DeleteRecordingConfiguration', { arn })).status, 204);
  });

  test('refuses what no recording could follow', async () => {
    const api = new ControlApiHarness();
    const bucket = (bucketName: string) => ({
      destinationConfiguration: { s3: { bucketName } },
    });
    for (const input of [
      {},
      { destinationConfiguration: {} },
      bucket('..'),
      bucket('...'),
      bucket('a..b'),
      bucket('-ab'),
      bucket('../etc'),
      bucket('Bucket'),
      { ...DESTINATION, renditionConfiguration: { renditionSelection: 'CUSTOM' } },
      { ...DESTINATION, renditionConfiguration: { renditionSelection: 'CUSTOM', renditions: [] } },
      {
        ...DESTINATION,
        thumbnailConfiguration: { recordingMode: 'DISABLED', targetIntervalSeconds: 60 },
      },
      { ...DESTINATION, tags: { 'aws:a': '' } },
    ]) {
      const answer = await api.call('CreateRecordingConfiguration', input);
      assertError(answer, 400, 'ValidationException');
    }
    assert.equal(api.store.recordingConfigurations.byArn.size, 0);
  });

  test('stops at the quota', async () => {
    const api = new ControlApiHarness({ quotas: { recordingConfigurations: 2 } });
    const create = () => api.call('CreateRecordingConfiguration', DESTINATION);
    const statuses = (await Promise.all([create(), create(), create()])).map((a) => a.status);
    assert.deepEqual(statuses, [200, 200, 402]);
    assertError(await create(), 402, 'ServiceQuotaExceededException');
  });
});

describe('a check that was cut off', () => {
  test('is done again by resume()', async () => {
    const { api, get, checked } = await withConfiguration();
    await checked();
    const [[arn, record]] = [...api.store.recordingConfigurations.byArn] as [
      [string, NonNullable<Awaited<ReturnType<typeof api.store.recordingConfigurations.get>>>],
    ];
    api.store.recordingConfigurations.byArn.set(arn, { ...record, state: 'CREATING' });
    await api.recordingDestinations.resume();
    await checked();
    assert.equal((await get()).state, 'ACTIVE');
  });

  test('leaves a configuration deleted that was deleted meanwhile', async () => {
    const { api, created, checked } = await withConfiguration();
    await api.call('DeleteRecordingConfiguration', { arn: created.arn });
    await checked();
    assert.equal(api.store.recordingConfigurations.byArn.size, 0);
  });
});

test('ListRecordingConfigurations shows summaries, up to the quota at once', async () => {
  const { api, created, checked } = await withConfiguration({ name: 'a' });
  await api.call('CreateRecordingConfiguration', DESTINATION);
  await checked();
  const { body } = await api.call('ListRecordingConfigurations');
  assert.equal(body.recordingConfigurations.length, 2);
  const listed = body.recordingConfigurations.find(
    ({ arn }: { arn: string }) => arn === created.arn,
  );
  assert.deepEqual(listed, {
    arn: created.arn,
    name: 'a',
    ...DESTINATION,
    state: 'ACTIVE',
    tags: {},
  });
});

describe('DeleteRecordingConfiguration', () => {
  test('goes straight to not found', async () => {
    const { api, created, checked } = await withConfiguration();
    await checked();
    const { arn } = created;
    assert.equal((await api.call('DeleteRecordingConfiguration', { arn })).status, 204);
    for (const operation of ['GetRecordingConfiguration', 'DeleteRecordingConfiguration']) {
      assertError(await api.call(operation, { arn }), 404, 'ResourceNotFoundException');
    }
  });

  test('refuses while a channel refers to it', async () => {
    const { api, created, checked } = await withConfiguration();
    await checked();
    const { arn } = created;
    const { channel } = await api.createChannel({ recordingConfigurationArn: arn });
    const inUse = await api.call('DeleteRecordingConfiguration', { arn });
    assertError(inUse, 409, 'ConflictException');
    await api.call('DeleteChannel', { arn: channel.arn });
    assert.equal((await api.call('DeleteRecordingConfiguration', { arn })).status, 204);
  });

  test('takes an empty ARN for a mistake', async () => {
    const api = new ControlApiHarness();
    const answer = await api.call('DeleteRecordingConfiguration', { arn: '' });
    assertError(answer, 400, 'ValidationException');
  });
});
