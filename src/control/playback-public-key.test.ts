import assert from 'node:assert/strict';
import { createHash, createPublicKey, ECDH, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePlaybackPublicKey } from './playback-public-key.ts';
import { newPlaybackPublicKey } from './testing/playback-public-key.ts';

/** Made once with `openssl ecparam -name secp384r1 -genkey`; the fingerprint with `openssl … -outform DER | openssl md5 -c`. */
const KNOWN = {
  pem: `-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE/4MJtrBa0Q8IFv3VNdDZK5HNK2PcSLUF
lI+yWkl8RV/NvGjkXbALtt0v8ZaxvyVwkrhJ4u9CtttdKcGzzj1c6SUL3e7+JlqY
uWZrxqpToPRihdG1Q18aHCb7eJis2gif
-----END PUBLIC KEY-----
`,
  compressedPem: `-----BEGIN PUBLIC KEY-----
MEYwEAYHKoZIzj0CAQYFK4EEACIDMgAD/4MJtrBa0Q8IFv3VNdDZK5HNK2PcSLUF
lI+yWkl8RV/NvGjkXbALtt0v8ZaxvyVw
-----END PUBLIC KEY-----
`,
  fingerprint: '56:d0:e7:68:a7:27:64:42:97:c9:be:b9:46:c9:a3:b2',
};

const refuses = (material: string, why?: string) =>
  assert.throws(
    () => parsePlaybackPublicKey(material),
    {
      name: 'ValidationException',
      message:
        'publicKeyMaterial must be the PEM of an ECDSA public key on the curve P-384 (secp384r1)',
    },
    why,
  );

test('parsePlaybackPublicKey() has the fingerprint of openssl', () => {
  assert.deepEqual(parsePlaybackPublicKey(KNOWN.pem), {
    publicKeyPem: KNOWN.pem,
    fingerprint: KNOWN.fingerprint,
  });
});

test('parsePlaybackPublicKey() sees one key in every way it can be written', () => {
  const expected = parsePlaybackPublicKey(KNOWN.pem);
  for (const written of [
    KNOWN.compressedPem,
    `\n${KNOWN.pem}\n\n`,
    KNOWN.pem.replaceAll('\n', '\r\n'),
    KNOWN.pem.trim(),
  ]) {
    assert.deepEqual(parsePlaybackPublicKey(written), expected);
  }
});

test('parsePlaybackPublicKey() takes any P-384 key, by the MD5 of its SubjectPublicKeyInfo', () => {
  for (let n = 0; n < 5; n += 1) {
    const pem = newPlaybackPublicKey();
    const { publicKeyPem, fingerprint } = parsePlaybackPublicKey(pem);
    const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    assert.equal(publicKeyPem, pem);
    assert.match(fingerprint, /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
    assert.equal(fingerprint.replaceAll(':', ''), createHash('md5').update(der).digest('hex'));
  }
});

test('parsePlaybackPublicKey() refuses keys of another kind, and whatever holds a private one', () => {
  for (const curve of ['P-256', 'P-521', 'secp256k1', 'brainpoolP384r1']) {
    refuses(newPlaybackPublicKey(curve), curve);
  }
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  refuses(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(), 'RSA');
  const ed25519 = generateKeyPairSync('ed25519');
  refuses(ed25519.publicKey.export({ type: 'spki', format: 'pem' }).toString(), 'Ed25519');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  refuses(pkcs8, 'PKCS #8');
  refuses(privateKey.export({ type: 'sec1', format: 'pem' }).toString(), 'SEC 1');
  refuses(pkcs8 + KNOWN.pem, 'a private key before the public one');
  refuses(KNOWN.pem.replaceAll('PUBLIC KEY', 'CERTIFICATE'), 'a certificate');
});

test('parsePlaybackPublicKey() refuses what is not on the curve', () => {
  const point = Buffer.from(KNOWN.pem.split('\n').slice(1, -2).join(''), 'base64');
  point.writeUInt8(point.readUInt8(point.length - 1) ^ 1, point.length - 1);
  const body = point.toString('base64');
  refuses(`-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`);
  assert.throws(() => ECDH.convertKey(point.subarray(-97), 'secp384r1'), 'as OpenSSL sees it');
});

test('parsePlaybackPublicKey() refuses damage of any kind, and never fails otherwise', () => {
  refuses('');
  refuses('nonsense');
  refuses(KNOWN.pem.repeat(100));
  refuses(KNOWN.pem + KNOWN.pem);
  const at = fc.integer({ min: 0, max: KNOWN.pem.length - 1 });
  fc.assert(
    fc.property(at, fc.string(), fc.nat({ max: 40 }), (start, inserted, removed) => {
      const damaged = KNOWN.pem.slice(0, start) + inserted + KNOWN.pem.slice(start + removed);
      try {
        parsePlaybackPublicKey(damaged);
      } catch (error) {
        assert.equal((error as Error).name, 'ValidationException');
      }
    }),
  );
});
