/**
 * `node:http` without its view as an ES module, whose making reads every export: `WebSocket` among them, with all of undici behind
 * it, which is 60 ms of a start and 14 MB.
 */
export const http = process.getBuiltinModule('node:http');
