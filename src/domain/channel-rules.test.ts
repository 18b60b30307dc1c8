import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ChannelSettings,
  changeChannelConfiguration,
  newChannelConfiguration,
} from './channel-rules.ts';

const AD_CONFIGURATION = 'arn:aws:ivs:us-west-2:123456789012:ad-configuration/abcdABCDefgh';
const MULTITRACK = { enabled: true, policy: 'ALLOW', maximumResolution: 'HD' } as const;

const isRefused = (run: () => unknown, message: RegExp) =>
  assert.throws(run, { name: 'ValidationException', message });

describe('newChannelConfiguration()', () => {
  test('gives the defaults of IVS', () => {
    assert.deepEqual(newChannelConfiguration({}), {
      name: '',
      latencyMode: 'LOW',
      type: 'STANDARD',
      authorized: false,
      insecureIngest: false,
      preset: '',
      containerFormat: 'TS',
      recordingConfigurationArn: '',
      playbackRestrictionPolicyArn: '',
      adConfigurationArn: '',
      multitrackInputConfiguration: {
        enabled: false,
        policy: 'ALLOW',
        maximumResolution: 'FULL_HD',
      },
    });
  });

  test('gives ADVANCED channels the preset for higher bandwidth unless another is wanted', () => {
    assert.equal(
      newChannelConfiguration({ type: 'ADVANCED_HD' }).preset,
      'HIGHER_BANDWIDTH_DELIVERY',
    );
    assert.equal(
      newChannelConfiguration({ type: 'ADVANCED_SD', preset: 'CONSTRAINED_BANDWIDTH_DELIVERY' })
        .preset,
      'CONSTRAINED_BANDWIDTH_DELIVERY',
    );
  });

  test('takes the empty preset for none: the default of ADVANCED channels, or the one they have', () => {
    assert.equal(newChannelConfiguration({ type: 'STANDARD', preset: '' }).preset, '');
    const advanced = newChannelConfiguration({ type: 'ADVANCED_HD', preset: '' });
    assert.equal(advanced.preset, 'HIGHER_BANDWIDTH_DELIVERY');
    const preset = 'CONSTRAINED_BANDWIDTH_DELIVERY';
    assert.equal(
      changeChannelConfiguration({ ...advanced, preset }, { preset: '' }).preset,
      preset,
    );
  });

  test('refuses a preset for BASIC and STANDARD', () => {
    for (const type of ['BASIC', 'STANDARD'] as const) {
      isRefused(
        () => newChannelConfiguration({ type, preset: 'HIGHER_BANDWIDTH_DELIVERY' }),
        /preset/,
      );
    }
  });

  test('takes multitrack input with all that it needs', () => {
    const { multitrackInputConfiguration } = newChannelConfiguration({
      containerFormat: 'FRAGMENTED_MP4',
      multitrackInputConfiguration: MULTITRACK,
    });
    assert.deepEqual(multitrackInputConfiguration, MULTITRACK);
  });

  test('refuses multitrack input with anything amiss', () => {
    const cases: [ChannelSettings, RegExp][] = [
      [{ multitrackInputConfiguration: MULTITRACK }, /containerFormat FRAGMENTED_MP4/],
      [
        {
          multitrackInputConfiguration: MULTITRACK,
          containerFormat: 'FRAGMENTED_MP4',
          type: 'BASIC',
        },
        /channel type STANDARD/,
      ],
      [
        {
          multitrackInputConfiguration: { enabled: true, maximumResolution: 'HD' },
          containerFormat: 'FRAGMENTED_MP4',
        },
        /policy is required/,
      ],
      [
        {
          multitrackInputConfiguration: { enabled: true, policy: 'ALLOW' },
          containerFormat: 'FRAGMENTED_MP4',
        },
        /maximumResolution is required/,
      ],
    ];
    for (const [settings, message] of cases) {
      isRefused(() => newChannelConfiguration(settings), message);
    }
  });

  test('refuses an ad configuration with fragmented MP4', () => {
    isRefused(
      () =>
        newChannelConfiguration({
          adConfigurationArn: AD_CONFIGURATION,
          containerFormat: 'FRAGMENTED_MP4',
        }),
      /ad configuration/,
    );
  });
});

describe('changeChannelConfiguration()', () => {
  test('keeps what is not given', () => {
    const current = newChannelConfiguration({ name: 'a', latencyMode: 'NORMAL', authorized: true });
    assert.deepEqual(changeChannelConfiguration(current, { name: 'b' }), { ...current, name: 'b' });
  });

  test('clears the preset when the type no longer has one, and sets the default when it gets one', () => {
    const advanced = newChannelConfiguration({
      type: 'ADVANCED_SD',
      preset: 'CONSTRAINED_BANDWIDTH_DELIVERY',
    });
    assert.equal(
      changeChannelConfiguration(advanced, { type: 'ADVANCED_HD' }).preset,
      'CONSTRAINED_BANDWIDTH_DELIVERY',
    );
    const basic = changeChannelConfiguration(advanced, { type: 'BASIC' });
    assert.equal(basic.preset, '');
    assert.equal(
      changeChannelConfiguration(basic, { type: 'ADVANCED_HD' }).preset,
      'HIGHER_BANDWIDTH_DELIVERY',
    );
  });

  test('judges the channel that would come of it, not the change alone', () => {
    const multitrack = newChannelConfiguration({
      containerFormat: 'FRAGMENTED_MP4',
      multitrackInputConfiguration: MULTITRACK,
    });
    isRefused(() => changeChannelConfiguration(multitrack, { type: 'ADVANCED_HD' }), /STANDARD/);
    isRefused(
      () => changeChannelConfiguration(multitrack, { containerFormat: 'TS' }),
      /FRAGMENTED/,
    );
    const off = changeChannelConfiguration(multitrack, {
      containerFormat: 'TS',
      multitrackInputConfiguration: { enabled: false },
    });
    assert.equal(off.multitrackInputConfiguration.enabled, false);
  });
});
