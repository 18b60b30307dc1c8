/** An address, or all that share its first `prefixBits`. IPv4 counts as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2). */
export interface IpRange {
  readonly address: bigint;
  readonly prefixBits: number;
}

const IPV4_MAPPED = 0xffffn << 32n;
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

/** `203.0.113.0/24`, `2001:db8::/32`, or one address. `undefined` where the text is neither. */
export function parseIpRange(text: string): IpRange | undefined {
  const [addressText = '', bitsText, ...more] = text.split('/');
  const address = parseIpAddress(addressText);
  if (address === undefined || more.length > 0) return undefined;
  const ignoredBits = addressText.includes(':') ? 0 : 96;
  if (bitsText === undefined) return { address, prefixBits: 128 };
  const prefixBits = /^\d{1,3}$/.test(bitsText) ? Number(bitsText) + ignoredBits : Number.NaN;
  return prefixBits <= 128 ? { address, prefixBits } : undefined;
}

export function isInIpRange({ address, prefixBits }: IpRange, text: string): boolean {
  const asked = parseIpAddress(text);
  const shift = BigInt(128 - prefixBits);
  return asked !== undefined && asked >> shift === address >> shift;
}

function parseIpAddress(text: string): bigint | undefined {
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value === undefined ? undefined : IPV4_MAPPED | value;
  }
  const [head = '', tail, ...more] = text.split('::');
  const headGroups = parseGroups(head);
  const tailGroups = tail === undefined ? [] : parseGroups(tail);
  if (!headGroups || !tailGroups || more.length > 0) return undefined;
  const missing = 8 - headGroups.length - tailGroups.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...headGroups, ...Array.from({ length: missing }, () => 0n), ...tailGroups];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** The last two groups may be written as an IPv4 address. */
function parseGroups(text: string): readonly bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  for (const part of text.split(':')) {
    const ipv4 = part.includes('.') ? parseIpv4(part) : undefined;
    if (ipv4 !== undefined) groups.push(ipv4 >> 16n, ipv4 & 0xffffn);
    else if (GROUP.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}

function parseIpv4(text: string): bigint | undefined {
  const [, ...parts] = IPV4.exec(text) ?? [];
  const bytes = parts.map(Number);
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return undefined;
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
