import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { PlaybackTokens } from '../src/delivery/playback-token.ts';
import { readPlaybackClaims } from '../src/domain/playback-claims.ts';
import { temporaryDirectory } from './support/ivory.ts';
import { ROOT } from './support/source-tree.ts';

const run = promisify(execFile);

const PROGRAMS = [
  {
    language: 'js',
    file: 'playback_token.mjs',
    command: [process.execPath],
    needs: [process.execPath, '-v'],
  },
  {
    language: 'python',
    file: 'playback_token.py',
    command: ['/usr/bin/python3'],
    needs: ['/usr/bin/python3', '-c', 'import cryptography'],
  },
  { language: 'go', file: 'playback_token.go', command: ['go', 'run'], needs: ['go', 'version'] },
] as const;

const works = ([program, ...args]: readonly [string, ...string[]]): Promise<boolean> =>
  run(program, args).then(
    () => true,
    () => false,
  );

for (const { language, file, command, needs } of PROGRAMS) {
  // A language that is not on this machine has no test: Go rarely is, Node.js always.
  if (!(await works(needs))) continue;
  test(`the program in ${language} of docs/playback-security.md makes a token that is taken`, async () => {
    await using directory = await temporaryDirectory();
    const document = await readFile(path.join(ROOT, 'docs/playback-security.md'), 'utf8');
    const [, program = ''] =
      new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(document) ?? [];
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const privateKeyPath = path.join(directory.path, 'private.pem');
    // As openssl writes it.
    await writeFile(privateKeyPath, privateKey.export({ type: 'sec1', format: 'pem' }));
    await writeFile(path.join(directory.path, file), program);
    const channelArn = 'arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh';
    const [executable, ...args] = command;
    const programPath = path.join(directory.path, file);
    const { stdout } = await run(executable, [...args, programPath, privateKeyPath, channelArn]);
    const nowMs = Date.now();
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const payload = await new PlaybackTokens().verify(stdout.trim(), [pem], nowMs);
    assert.deepEqual(readPlaybackClaims(payload, { channelArn, nowMs }).viewer, {
      id: 'ann',
      version: 0,
    });
  });
}
