/** RFC 4291 2.5.5.2, in mixed notation. */
const IPV4_MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/** An IPv4 client of a dual-stack socket shows as `::ffff:192.0.2.1`; here it is `192.0.2.1`. */
export function withoutIpv4Mapping(address: string): string {
  return address.replace(IPV4_MAPPED, '');
}
