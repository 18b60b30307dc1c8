import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { BlockList, isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import type * as Maxmind from 'maxmind';
import type { CountrySource } from '../delivery/ports.ts';
import { countryIn } from './country-record.ts';

/** Public domain, and as old as the package: registrations change slowly. */
const BUNDLED = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb';

/**
 * Nobody's in particular (https://www.iana.org/assignments/iana-ipv4-special-registry, and its twin for IPv6). The database
 * that comes along says Australia of some of them, whose registry's examples they are.
 */
const SPECIAL_PURPOSE = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['::1', 128],
  ['2001:db8::', 32],
  ['3fff::', 20],
  ['fc00::', 7],
  ['fe80::', 10],
] as const;

/** The file is no country database. The message is one line. */
export class CountryDatabaseError extends Error {
  override name = 'CountryDatabaseError';
}

/** A MaxMind DB in memory: 8 MB, 4 µs a look-up. */
export class CountryDatabase implements CountrySource {
  readonly #file: string;
  /** Addresses that it is not asked about. */
  readonly #unlocated = new BlockList();
  #reader: Maxmind.Reader<Maxmind.Response> | undefined;

  /**
   * `path`: the operator's own, which may know where private networks are. Absent: the one that comes along, which is read when
   * it is first asked about a public address: most servers restrict nobody, and many are on a machine of their own.
   *
   * @throws CountryDatabaseError
   */
  constructor(path?: string) {
    this.#file = path ?? fileURLToPath(import.meta.resolve(BUNDLED));
    if (path !== undefined) this.#reader = openDatabase(path);
    else addSpecialPurpose(this.#unlocated);
  }

  /** @throws CountryDatabaseError where the file is read only now, and is none. */
  countryOf(address: string): string | undefined {
    const family = isIP(address);
    if (family === 0) return undefined;
    if (this.#unlocated.check(address, family === 6 ? 'ipv6' : 'ipv4')) return undefined;
    this.#reader ??= openDatabase(this.#file);
    return countryIn(this.#reader.get(address));
  }
}

function addSpecialPurpose(list: BlockList): void {
  for (const [network, bits] of SPECIAL_PURPOSE) {
    list.addSubnet(network, bits, network.includes(':') ? 'ipv6' : 'ipv4');
  }
}

function openDatabase(file: string): Maxmind.Reader<Maxmind.Response> {
  try {
    const maxmind: typeof Maxmind = createRequire(import.meta.url)('maxmind');
    return new maxmind.Reader<Maxmind.Response>(readFileSync(file));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot use country database ${file}: ${reason}`;
    throw new CountryDatabaseError(message, { cause });
  }
}
