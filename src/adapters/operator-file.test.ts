import assert from 'node:assert/strict';
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AccessKeyRing } from '../control/access-key-file.ts';
import { rootAccessKey } from '../control/credentials.ts';
import type { Clock } from '../lib/clock.ts';
import { type Logger, silentLogger } from '../lib/logger.ts';
import { OperatorFileError, watchOperatorFile } from './operator-file.ts';
import { systemClock } from './system.ts';

const ROOT = {
  accessKeyId: 'AKIAROOT000000000001',
  secretAccessKey: 'the-secret-of-root',
  accountId: '123456789012',
};

/** Looks at the file a hundred times a second. */
const QUICK_CLOCK: Pick<Clock, 'every'> = { every: (_, run) => systemClock.every(10, run) };

const fileOf = (...ids: string[]) =>
  JSON.stringify({
    accessKeys: ids.map((accessKeyId) => ({
      accessKeyId,
      secretAccessKey: 'a-secret-of-a-user',
      userName: accessKeyId,
      policies: [],
    })),
  });
const [ANN, BOB] = ['AKIAANN0000000000000', 'AKIABOB0000000000000'] as const;

async function folder() {
  const directory = await mkdtemp(join(tmpdir(), 'ivory-operator-file-'));
  const path = join(directory, 'access-keys.json');
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  const write = (level: string) => (_fields: object, message: string) => {
    lines.push(`${level} ${message}`);
    for (const wake of waiting.splice(0)) wake();
  };
  const log: Logger = {
    ...silentLogger,
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  const keys = new AccessKeyRing(rootAccessKey(ROOT), ROOT.accountId);
  return {
    path,
    keys,
    lines,
    nextLine: () => new Promise<void>((resolve) => waiting.push(resolve)),
    start: (isRequired = true) =>
      watchOperatorFile({
        subject: 'access keys',
        load: (text) => keys.load(text),
        ...{ path, isRequired, clock: QUICK_CLOCK, log },
      }),
    async write(text: string) {
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

describe('watchOperatorFile()', () => {
  test('takes over a changed file, and keeps the keys where the change is a mistake', async () => {
    await using home = await folder();
    await home.write(fileOf(ANN));
    using _watch = await home.start();
    assert.ok(home.keys.find(ANN));
    let line = home.nextLine();
    await home.write(fileOf(BOB));
    await line;
    assert.ok(home.keys.find(BOB) && !home.keys.find(ANN));
    line = home.nextLine();
    await home.write('{');
    await line;
    assert.ok(home.keys.find(BOB));
    line = home.nextLine();
    await rm(home.path);
    await line;
    assert.ok(home.keys.find(BOB), 'a required file that is gone is a mistake');
    assert.deepEqual(home.lines, [
      'info took over access keys',
      'error access keys stay as they were: the file is not JSON',
      'error access keys stay as they were: the file is not there',
    ]);
  });

  test('needs no file where none is required, and takes one that comes', async () => {
    await using home = await folder();
    using _watch = await home.start(false);
    assert.deepEqual(home.lines, []);
    assert.equal(home.keys.find(ANN), undefined);
    const line = home.nextLine();
    await home.write(fileOf(ANN));
    await line;
    assert.ok(home.keys.find(ANN));
  });

  test('refuses to start with a file that is wrong, a line for each mistake', async () => {
    await using home = await folder();
    await assert.rejects(home.start(), (error: Error) => {
      assert.ok(error instanceof OperatorFileError);
      assert.equal(
        error.message,
        `cannot use the access keys in ${home.path}: the file is not there`,
      );
      return true;
    });
    await home.write(fileOf('short', 'too'));
    await assert.rejects(home.start(), (error: Error) => error.message.split('\n').length === 2);
  });

  test('warns of a file that others may read', async () => {
    await using home = await folder();
    await home.write(fileOf(ANN));
    await chmod(home.path, 0o644);
    using _watch = await home.start();
    assert.match(home.lines.join(), /^warn others may read the secrets/);
  });
});
