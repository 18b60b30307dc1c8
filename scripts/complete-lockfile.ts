// `node scripts/complete-lockfile.ts`, after every change of the dependencies: writes into package-lock.json the
// packages for other machines that npm left out. npm leaves a platform's package out of a new lockfile when its registry
// (a mirror, say) does not have it, and then `npm ci` refuses that lockfile, here and everywhere.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lockfile {
  readonly packages: Record<string, LockEntry>;
}

const OPERATING_SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64'];

/** Names of packages that a locked package may want on some machine, and the lockfile does not list. */
export function missingPlatformPackages(lockfile: Lockfile): readonly string[] {
  return wantedPlatformPackages(lockfile)
    .filter(({ location }) => lockfile.packages[location] === undefined)
    .map(({ name }) => name);
}

function wantedPlatformPackages({ packages }: Lockfile) {
  return Object.entries(packages).flatMap(([parent, { dev, optionalDependencies = {} }]) =>
    // The project's own are left to npm: without their hash in the lockfile it would not be one.
    parent === ''
      ? []
      : Object.entries(optionalDependencies).map(([name, version]) => ({
          name,
          version,
          isDevelopment: dev === true,
          location: `node_modules/${name}`,
        })),
  );
}

function platformOf(packageName: string) {
  const words = packageName.split(/[-/]/);
  const os = OPERATING_SYSTEMS.filter((name) => words.includes(name));
  const cpu = PROCESSORS.filter((name) => words.includes(name));
  if (os.length !== 1 || cpu.length !== 1) {
    throw new Error(`cannot tell the machine from the package's name: ${packageName}`);
  }
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : undefined;
  return { cpu, ...(libc && { libc }), os };
}

function complete(file: string): void {
  const lockfile = JSON.parse(readFileSync(file, 'utf8')) as Lockfile;
  for (const { name, version, isDevelopment, location } of wantedPlatformPackages(lockfile)) {
    if (lockfile.packages[location] !== undefined) continue;
    const { cpu, ...rest } = platformOf(name);
    const entry = { version, cpu, ...(isDevelopment && { dev: true }), optional: true, ...rest };
    lockfile.packages[location] = entry;
    console.log(`added ${name} ${version}`);
  }
  const byLocation = Object.entries(lockfile.packages).toSorted(([a], [b]) =>
    a.localeCompare(b, 'en'),
  );
  const sorted = { ...lockfile, packages: Object.fromEntries(byLocation) };
  writeFileSync(file, `${JSON.stringify(sorted, undefined, 2)}\n`);
}

if (import.meta.main) complete(path.join(import.meta.dirname, '../package-lock.json'));
