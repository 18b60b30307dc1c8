/**
 * What clients are counted by: an IPv4 address, or the /64 network of an IPv6 one, because a single subscriber can
 * take any of the 2^64 addresses in it.
 */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const tailGroups = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + tailGroups < 8) groups.push('0');
    groups.push(...tail.split(':'));
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
