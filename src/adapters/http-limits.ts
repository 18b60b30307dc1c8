/** What one client, and all of them together, may hold. */
export interface HttpLimits {
  /** Request line and headers together; beyond it 414 or 431. */
  readonly maxHeaderBytes: number;
  readonly maxHeaderCount: number;
  readonly maxTargetBytes: number;
  /** From the connection's or the last request's end until the headers are complete; beyond it 408. */
  readonly headerTimeoutMs: number;
  /** Until headers and body are complete. A request that is complete may stay unanswered for as long as its handler likes. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly maxConnections: number;
  /** An IPv6 client is its /64 network: that is what one subscriber gets. */
  readonly maxConnectionsPerAddress: number;
  readonly maxPipelinedRequests: number;
  /** Of bodies that are not complete yet, in all and of one address; beyond it 503. */
  readonly maxBodyBytes: number;
  readonly maxBodyBytesPerAddress: number;
  readonly tlsHandshakeTimeoutMs: number;
  /** Requests at once on one HTTP/2 connection; those beyond are refused, and may be sent again. */
  readonly maxStreamsPerConnection: number;
  /** On all HTTP/2 connections of an address, and of all. */
  readonly maxStreamsPerAddress: number;
  readonly maxStreams: number;
  /** Requests that a client may take back at once on one HTTP/2 connection, and a second; beyond, the connection ends. */
  readonly streamResetBurst: number;
  readonly streamResetsPerSecond: number;
  /** A client that takes nothing of its answer for this long is cut. */
  readonly stalledSendTimeoutMs: number;
  /** One that takes longer than this in all is cut too: it would keep media alive that left the window. */
  readonly maxSendMs: number;
  /** How often slow clients are looked at. */
  readonly sweepIntervalMs: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  maxHeaderBytes: 16 * 1024,
  maxHeaderCount: 100,
  // A playback URL with its token is at most 2 KB of token and some hundred bytes of player parameters.
  maxTargetBytes: 8 * 1024,
  headerTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  // Longer than the minute for which load balancers keep theirs: the side that reuses a connection must not be the last to know.
  keepAliveTimeoutMs: 75_000,
  maxConnections: 20_000,
  // A reverse proxy, and a whole office, are one address.
  maxConnectionsPerAddress: 8_000,
  maxPipelinedRequests: 16,
  // The largest body that the API takes is 256 KiB, a usual one half a kilobyte.
  maxBodyBytes: 64 * 1024 * 1024,
  maxBodyBytesPerAddress: 16 * 1024 * 1024,
  tlsHandshakeTimeoutMs: 10_000,
  // RFC 9113 section 6.5.2 recommends 100 or more; a viewer needs three, a proxy has many viewers.
  maxStreamsPerConnection: 128,
  maxStreamsPerAddress: 24_000,
  maxStreams: 60_000,
  // CVE-2023-44487. A proxy takes back, at most, all that it has open, when its viewers leave at once.
  streamResetBurst: 256,
  streamResetsPerSecond: 33,
  stalledSendTimeoutMs: 15_000,
  maxSendMs: 120_000,
  sweepIntervalMs: 1_000,
};
