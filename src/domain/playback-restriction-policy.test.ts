import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTRY_CODES } from './countries.ts';
import { checkPlaybackRestrictions } from './playback-restriction-policy.ts';

const countries =
  (...allowedCountries: string[]) =>
  () =>
    checkPlaybackRestrictions({ allowedCountries });
const origins =
  (...allowedOrigins: string[]) =>
  () =>
    checkPlaybackRestrictions({ allowedOrigins });

test('COUNTRY_CODES are the 249 that are officially assigned', () => {
  assert.equal(COUNTRY_CODES.size, 249);
  for (const code of COUNTRY_CODES) assert.match(code, /^[A-Z]{2}$/);
});

test('checkPlaybackRestrictions() takes assigned codes, in capitals', () => {
  countries()();
  countries('CH', 'AX', 'GB', 'US', 'ZW', 'BQ', 'SS')();
  // Reserved, withdrawn, assigned to users, and small letters.
  for (const code of ['UK', 'EU', 'AN', 'SU', 'XK', 'ZZ', 'AA', 'ch', '  ', '12']) {
    assert.throws(countries('CH', code), { name: 'ValidationException' }, code);
  }
});

test('checkPlaybackRestrictions() takes 200 countries and no more', () => {
  const codes = [...COUNTRY_CODES];
  countries(...codes.slice(0, 200))();
  assert.throws(countries(...codes.slice(0, 201)), {
    name: 'ValidationException',
    message: 'allowedCountries takes at most 200 items: got 201',
  });
});

test('checkPlaybackRestrictions() takes what browsers send as Origin, with a wildcard for subdomains', () => {
  for (const origin of [
    'https://example.com',
    'http://localhost:3000',
    'https://*.example.com',
    'https://*.example.com:8443',
    'https://192.0.2.1',
    'https://[2001:db8::1]:443',
    'capacitor://localhost',
    'chrome-extension://abcdefgh',
    'https://xn--bcher-kva.example',
    'null',
  ]) {
    origins(origin)();
  }
  for (const origin of [
    '',
    '*',
    'example.com',
    '//example.com',
    'https://',
    'https://example.com/',
    'https://example.com/path',
    'https://user@example.com',
    'https://*',
    'https://a.*.example.com',
    'https://example.com:99999',
    'https://example.com:',
    'https://exa mple.com',
    'https://example.com\n',
    'https://a.com,https://b.com',
  ]) {
    assert.throws(origins(origin), { name: 'ValidationException' }, origin);
  }
});

test('checkPlaybackRestrictions() takes 5 origins and no more', () => {
  const all = Array.from({ length: 6 }, (_, n) => `https://${n}.example.com`);
  origins(...all.slice(0, 5))();
  assert.throws(origins(...all), { name: 'ValidationException' });
});
