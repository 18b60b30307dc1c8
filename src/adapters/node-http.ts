/**
 * `node:http` without its view as an ES module, whose making reads every export: `WebSocket` among them, with all of undici behind
 * it, which is 60 ms of a start and 14 MB.
 */
export const http = process.getBuiltinModule('node:http');

/** `node:http2`, which a start does without: 20 ms and 4 MB, for the first connection that speaks it. */
export const loadHttp2 = () => process.getBuiltinModule('node:http2');

/** `node:https`, which is for receivers of events only. */
export const loadHttps = () => process.getBuiltinModule('node:https');
