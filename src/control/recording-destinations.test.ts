import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordingConfigurationRecord } from '../domain/recording-configuration.ts';
import { type Logger, silentLogger } from '../lib/logger.ts';
import { RecordingDestinations } from './recording-destinations.ts';
import { MemoryControlStore } from './testing/memory-control-store.ts';

function configuration(id: string): RecordingConfigurationRecord {
  return {
    arn: `arn:aws:ivs:us-west-2:123456789012:recording-configuration/${id}`,
    id,
    accountId: '123456789012',
    region: 'us-west-2',
    name: '',
    state: 'CREATING',
    bucketName: id,
    recordingReconnectWindowSeconds: 0,
    thumbnailConfiguration: { recordingMode: 'DISABLED', storage: ['SEQUENTIAL'] },
    renditionConfiguration: { renditionSelection: 'ALL', renditions: [] },
    tags: {},
    createdAtMs: 0,
  };
}

async function setUp(...ids: string[]) {
  const store = new MemoryControlStore();
  for (const id of ids) await store.recordingConfigurations.create(configuration(id), 10);
  const probes: { bucketName: string; succeed(): void; fail(error: Error): void }[] = [];
  const errors: string[] = [];
  const logger: Logger = { ...silentLogger, error: (_, message) => void errors.push(message) };
  const destinations = new RecordingDestinations({
    store,
    buckets: {
      probe: (bucketName) =>
        new Promise((succeed, fail) => probes.push({ bucketName, succeed, fail })),
    },
    logger,
  });
  const stateOf = (id: string) =>
    store.recordingConfigurations.byArn.get(configuration(id).arn)?.state;
  return { store, probes, errors, destinations, stateOf };
}

test('check() leaves a configuration CREATING for as long as the check takes', async () => {
  const { probes, destinations, stateOf } = await setUp('bucket');
  destinations.check(configuration('bucket'));
  assert.equal(stateOf('bucket'), 'CREATING');
  probes[0]?.succeed();
  await destinations[Symbol.asyncDispose]();
  assert.equal(stateOf('bucket'), 'ACTIVE');
});

test('resume() checks all that are CREATING, each by itself', async () => {
  const { probes, destinations, stateOf } = await setUp('one', 'two');
  await destinations.resume();
  assert.deepEqual(
    probes.map(({ bucketName }) => bucketName),
    ['one', 'two'],
  );
  probes[0]?.fail(new Error('no space left'));
  probes[1]?.succeed();
  await destinations[Symbol.asyncDispose]();
  assert.deepEqual([stateOf('one'), stateOf('two')], ['CREATE_FAILED', 'ACTIVE']);
  await destinations.resume();
  assert.equal(probes.length, 2, 'none of them is checked again');
});

test('check() says when the state cannot be written: the next start does it again', async () => {
  const { store, probes, errors, destinations, stateOf } = await setUp('bucket');
  store.recordingConfigurations.update = async () => {
    throw new Error('the disk is full');
  };
  destinations.check(configuration('bucket'));
  probes[0]?.succeed();
  await destinations[Symbol.asyncDispose]();
  assert.deepEqual(errors, ['cannot write the state of a recording configuration']);
  assert.equal(stateOf('bucket'), 'CREATING');
});

test('a check that fails after stop() was cut off: the next start does it again', async () => {
  const { probes, destinations, stateOf } = await setUp('one', 'two');
  await destinations.resume();
  destinations.stop();
  probes[0]?.fail(new Error('its thread ended'));
  probes[1]?.succeed();
  await destinations[Symbol.asyncDispose]();
  assert.deepEqual([stateOf('one'), stateOf('two')], ['CREATING', 'ACTIVE']);
});
