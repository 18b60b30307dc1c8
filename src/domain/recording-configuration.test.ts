import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  isBucketName,
  newRecordingRules,
  type RecordingSettings,
} from './recording-configuration.ts';

const DESTINATION = { destinationConfiguration: { s3: { bucketName: 'bucket' } } };
const rules = (settings: Partial<RecordingSettings> = {}) =>
  newRecordingRules({ ...DESTINATION, ...settings });

test('newRecordingRules() records everything, and a thumbnail a minute', () => {
  assert.deepEqual(rules(), {
    name: '',
    bucketName: 'bucket',
    recordingReconnectWindowSeconds: 0,
    thumbnailConfiguration: {
      recordingMode: 'INTERVAL',
      targetIntervalSeconds: 60,
      storage: ['SEQUENTIAL'],
    },
    renditionConfiguration: { renditionSelection: 'ALL', renditions: [] },
  });
});

test('newRecordingRules() keeps what is set, each item of a list once', () => {
  const { thumbnailConfiguration, renditionConfiguration } = rules({
    thumbnailConfiguration: { resolution: 'HD', storage: ['LATEST', 'SEQUENTIAL', 'LATEST'] },
    renditionConfiguration: { renditionSelection: 'CUSTOM', renditions: ['SD', 'SD', 'HD'] },
  });
  assert.deepEqual(thumbnailConfiguration, {
    recordingMode: 'INTERVAL',
    targetIntervalSeconds: 60,
    resolution: 'HD',
    storage: ['LATEST', 'SEQUENTIAL'],
  });
  assert.deepEqual(renditionConfiguration, {
    renditionSelection: 'CUSTOM',
    renditions: ['SD', 'HD'],
  });
});

test('newRecordingRules() has an interval for thumbnails only where there are any', () => {
  const disabled = { recordingMode: 'DISABLED' } as const;
  assert.deepEqual(rules({ thumbnailConfiguration: disabled }).thumbnailConfiguration, {
    ...disabled,
    storage: ['SEQUENTIAL'],
  });
  assert.throws(
    () => rules({ thumbnailConfiguration: { ...disabled, targetIntervalSeconds: 60 } }),
    { name: 'ValidationException' },
  );
});

test('newRecordingRules() wants renditions with CUSTOM, and minds none with the others', () => {
  const custom = { renditionSelection: 'CUSTOM' } as const;
  for (const renditionConfiguration of [custom, { ...custom, renditions: [] }]) {
    assert.throws(() => rules({ renditionConfiguration }), { name: 'ValidationException' });
  }
  rules({ renditionConfiguration: { renditionSelection: 'NONE', renditions: ['SD'] } });
});

test('isBucketName() is never true of a path', () => {
  for (const name of ['abc', 'my.bucket-1', '1a2', 'a'.repeat(63)]) assert.ok(isBucketName(name));
  for (const name of [
    '',
    'ab',
    '.',
    '..',
    '...',
    'a..b',
    '.ab',
    'ab.',
    '-ab',
    'ab-',
    'a/b',
    'aBc',
    'abc\n',
    'a'.repeat(64),
  ]) {
    assert.ok(!isBucketName(name), name);
  }
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '.', '-', '/', '\\', '\0', '1') }),
      (name) => {
        if (isBucketName(name)) assert.ok(!/[/\\\0]|\.\.|^\.|\.$/.test(name));
      },
    ),
  );
});
