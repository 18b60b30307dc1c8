/** An IPv4 client of a dual-stack socket shows as `::ffff:192.0.2.1`; here it is `192.0.2.1`. */
export function plainAddress(remoteAddress: string | undefined): string | undefined {
  return remoteAddress?.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress;
}
