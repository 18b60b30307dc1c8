import assert from 'node:assert/strict';
import fs from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CountryDatabase, CountryDatabaseError } from './country-database.ts';
import { countryIn } from './country-record.ts';

test('countryOf() knows where public addresses are, of both families', async () => {
  const database = new CountryDatabase();
  assert.equal(database.countryOf('130.59.31.80'), 'CH');
  assert.equal(database.countryOf('2001:620::1'), 'CH');
  assert.equal(database.countryOf('193.171.23.163'), 'AT');
  assert.equal(database.countryOf('8.8.8.8'), 'US');
});

test('countryOf() does not know where private, local and made-up addresses are', async () => {
  const database = new CountryDatabase();
  for (const address of [
    ...['127.0.0.1', '10.0.0.1', '172.31.1.1', '192.168.1.1', '100.64.0.1', '203.0.113.1'],
    ...['::1', 'fd00::1', 'fe80::1', 'fe80::1%eth0', '2001:db8::1', '', 'x', '1.2.3'],
  ]) {
    assert.equal(database.countryOf(address), undefined, address);
  }
});

test('CountryDatabase reads the file that comes along for the first public address', (t) => {
  const read = t.mock.method(fs, 'readFileSync');
  syncBuiltinESMExports();
  t.after(() => {
    read.mock.restore();
    syncBuiltinESMExports();
  });
  const database = new CountryDatabase();
  const reads = () =>
    read.mock.calls.filter(({ arguments: [file] }) => String(file).endsWith('.mmdb')).length;
  database.countryOf('127.0.0.1');
  database.countryOf('fd00::1');
  assert.equal(reads(), 0);
  database.countryOf('8.8.8.8');
  database.countryOf('130.59.31.80');
  assert.equal(reads(), 1);
});

test('countryIn() reads the records of the databases in use', () => {
  for (const record of [
    { country_code: 'CH' },
    { country: { iso_code: 'CH' }, registered_country: { iso_code: 'DE' } },
    { registered_country: { iso_code: 'CH' } },
    { country: 'CH' },
    { country: 'Switzerland', country_code: 'CH', continent_code: 'EU' },
  ]) {
    assert.equal(countryIn(record), 'CH', JSON.stringify(record));
  }
  for (const record of [
    null,
    undefined,
    {},
    { country: {} },
    { country_code: 'None' },
    { asn: 1 },
    'CH',
  ]) {
    assert.equal(countryIn(record), undefined, JSON.stringify(record));
  }
});

test('CountryDatabase says in one line what is wrong with a file', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'ivory-countries-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'countries.mmdb');
  const isOneLine = (error: unknown) =>
    error instanceof CountryDatabaseError &&
    error.message.includes(path) &&
    !/\n/.test(error.message);
  assert.throws(() => new CountryDatabase(path), isOneLine);
  for (const bytes of ['', 'no database', '\xab\xcd\xefMaxMind.com'.repeat(3)]) {
    await writeFile(path, bytes, 'latin1');
    assert.throws(() => new CountryDatabase(path), isOneLine);
  }
});
