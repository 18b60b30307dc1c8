const GZIP = /(?:^|[,\s])(?:x-)?gzip\s*(?:;\s*q=([0-9.]+)\s*)?(?:,|$)/i;

/** Whether an Accept-Encoding header has gzip with a weight above zero (RFC 9110 section 12.5.3). */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const match = acceptEncoding === undefined ? null : GZIP.exec(acceptEncoding);
  return match !== null && Number(match[1] ?? 1) > 0;
}
