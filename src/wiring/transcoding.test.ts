import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordedLog, temporaryDirectory } from '../../test/support/ivory.ts';
import { readConfig } from '../config.ts';
import { prepareTranscoding } from './transcoding.ts';

/** Built with an encoder for which there is no hardware, and says so in two lines. */
const FFMPEG_WITHOUT_GPU = (asked: string) => `#!/bin/sh
echo "$*" >>'${asked}'
case "$*" in
  *-version) printf 'ffmpeg version 5.1\\nlibavcodec     59. 37.100 / 59. 37.100\\n' ;;
  *-encoders) printf ' V....D libx264 x\\n V....D h264_nvenc x\\n V....D h264_vaapi x\\n' ;;
  *) printf 'Cannot load libcuda.so.1\\nConversion failed!\\n' >&2; exit 1 ;;
esac
`;

async function prepare(env: Readonly<Record<string, string>>) {
  await using directory = await temporaryDirectory();
  const asked = path.join(directory.path, 'asked');
  await writeFile(asked, '');
  await writeFile(path.join(directory.path, 'ffmpeg'), FFMPEG_WITHOUT_GPU(asked), { mode: 0o755 });
  const { PATH } = process.env;
  process.env['PATH'] = `${directory.path}:${PATH}`;
  const log = new RecordedLog();
  try {
    const { config } = readConfig(env);
    const transcoding = await prepareTranscoding(config, new FakeClock(), log, () => {});
    const warnings = log.lines.map(({ level, message, fields }) => {
      return `${level}: ${message}: ${(fields['err'] as Error).message}`;
    });
    const questions = (await readFile(asked, 'utf8')).split('\n').filter((line) => line !== '');
    return { encoder: transcoding?.encoder, warnings, questionCount: questions.length };
  } finally {
    process.env['PATH'] = PATH;
  }
}

// Only that ffmpeg was built with it was asked: without the hardware every ladder died at its first keyframe, and its stream was
// live, healthy, and never to be seen.
test('an encoder that can not run is no encoder: channels are passed through, and the log says why', async () => {
  assert.deepEqual(await prepare({ IVORY_TRANSCODE: 'h264_nvenc' }), {
    encoder: undefined,
    warnings: [
      'warn: no transcoding: every channel is passed through: ffmpeg 5.1 cannot encode with h264_nvenc: Cannot load libcuda.so.1',
    ],
    questionCount: 3,
  });
  const env = { IVORY_TRANSCODE: 'h264_vaapi', IVORY_TRANSCODE_DEVICE: '/dev/dri/renderD129' };
  const { warnings } = await prepare(env);
  assert.match(String(warnings), /cannot encode with h264_vaapi on \/dev\/dri\/renderD129: Cannot/);
});

test('x264, which needs no hardware, is not tried; nor is anything where transcoding is off', async () => {
  const software = { encoder: { encoder: 'libx264' }, warnings: [], questionCount: 2 };
  assert.deepEqual(await prepare({}), software);
  const off = { encoder: undefined, warnings: [], questionCount: 0 };
  assert.deepEqual(await prepare({ IVORY_TRANSCODE: 'off' }), off);
});
