import { argv, stdout } from 'node:process';
import { generate } from 'selfsigned';
import type { CertificateRequest, MadeCertificate } from './tls-certificate.ts';

/**
 * A process that makes one self-signed certificate: what it takes to make one is 60 MB, which would stay with the server.
 */

const { names, notBeforeMs, notAfterMs }: CertificateRequest = JSON.parse(argv[2] ?? '');

async function make(): Promise<MadeCertificate> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(notBeforeMs),
    notAfterDate: new Date(notAfterMs),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map(({ name, isAddress }) =>
          isAddress ? { type: 7, ip: name } : { type: 2, value: name },
        ),
      },
    ],
  });
  return { cert, key };
}

void make().then((made) => stdout.write(JSON.stringify(made)));
