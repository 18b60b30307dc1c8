import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from './setup-error.mjs';

/** `present`: whether it can be used already. `debianPackage`: what brings it on Debian. */
const PROGRAMS = {
  ffmpeg: { present: () => isOnPath('ffmpeg'), debianPackage: 'ffmpeg' },
  // The tests use Debian's own copies of these, by path: another one earlier on PATH proves something else.
  chromium: { present: () => existsSync('/usr/bin/chromium'), debianPackage: 'chromium' },
  aws: { present: () => existsSync('/usr/bin/aws'), debianPackage: 'awscli' },
  boto3: {
    present: () => existsSync('/usr/lib/python3/dist-packages/boto3'),
    debianPackage: 'python3-boto3',
  },
};

/** Installs what is missing where that needs no question (root on Debian); else says what to type. */
export function installPrograms(names) {
  const missing = missingOf(names);
  if (missing.length === 0) return;

  const packages = missing.map((name) => PROGRAMS[name].debianPackage).join(' ');
  const install = `apt-get install -y --no-install-recommends ${packages}`;
  if (!existsSync('/etc/debian_version')) {
    throw new SetupError(`install these and put them on the PATH: ${missing.join(', ')}`);
  }
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `${missing.join(', ')} missing; run: sudo apt-get update && sudo ${install}`,
    );
  }
  process.stderr.write(`ivory: installing ${packages} (apt-get)\n`);
  aptGet(['update', '-q']);
  aptGet([...install.split(' ').slice(1), '-q']);
  const stillMissing = missingOf(names);
  if (stillMissing.length > 0) {
    throw new SetupError(`still missing after '${install}': ${stillMissing.join(', ')}`);
  }
}

function missingOf(names) {
  return names.filter((name) => !PROGRAMS[name].present());
}

function aptGet(args) {
  const { status, error } = spawnSync('apt-get', args, {
    stdio: ['ignore', process.stderr, 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status === 0) return;
  const reason = error?.message ?? `exit code ${status}`;
  throw new SetupError(`'apt-get ${args.join(' ')}' failed: ${reason}`);
}

function isOnPath(program) {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const extension = process.platform === 'win32' ? '.exe' : '';
  return folders.some(
    (folder) => folder !== '' && existsSync(path.join(folder, program + extension)),
  );
}
