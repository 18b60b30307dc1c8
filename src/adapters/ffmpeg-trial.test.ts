import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../lib/logger.ts';
import { trialArguments } from '../transcode/ffmpeg-arguments.ts';
import { findFfmpeg } from './ffmpeg.ts';
import { tryFfmpeg } from './ffmpeg-trial.ts';

test('a trial of an encoder that works encodes a picture', async () => {
  const { command, features } = await findFfmpeg(silentLogger);
  await tryFfmpeg(command, trialArguments({ encoder: 'libx264' }, features));
});

test('a trial of an encoder whose device is not there has the first line of what ffmpeg says', async () => {
  const { command, features } = await findFfmpeg(silentLogger);
  const choice = { encoder: 'h264_vaapi', device: '/nowhere/renderD129' } as const;
  const trial = tryFfmpeg(command, trialArguments(choice, features));
  await assert.rejects(trial, { message: /^\[AVHWDeviceContext @ .*\/nowhere\/renderD129/ });
  await assert.rejects(trial, (error: Error) => !error.message.includes('\n'));
});

test('a program that is not there, or says nothing, fails with what the system says', async () => {
  await assert.rejects(tryFfmpeg('/nowhere/ffmpeg', []), { message: /ENOENT/ });
  await assert.rejects(tryFfmpeg('false', []), { message: /^Command failed: false/ });
});

// What is left of it would keep this process: that it ends says that it was killed.
test('one that hangs is killed in time, whatever it does with signals', async () => {
  const hang = ['-c', "trap '' TERM; while :; do :; done"];
  await assert.rejects(tryFfmpeg('sh', hang, 100), { message: 'it was not done after 0.1 s' });
});
