import {
  type DestinationStream,
  destination,
  type LevelWithSilent,
  pino,
  stdTimeFunctions,
} from 'pino';
import type { Logger } from '../lib/logger.ts';

/**
 * A second net: nothing of this may reach the logger in the first place, but a request or a record handed to it
 * whole must not print a secret either.
 */
const SECRET_FIELDS = [
  'authorization',
  'passphrase',
  'secretAccessKey',
  'signature',
  'srtPassphrase',
  'streamKey',
  'streamKeyValue',
  'token',
];

/** `value` is the secret of a stream key record; on the line itself it is an everyday word. */
const SECRET_PATHS = [
  ...SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  '*.value',
  '*.*.value',
];

/** When the reader of stderr is this far behind, lines are dropped rather than kept in memory. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;

/** A log that can be told to write out what it still holds: the last act of the process. */
export interface ProcessLogger extends Logger {
  flush(): void;
}

interface LineStream extends DestinationStream {
  flushSync?(): void;
}

/**
 * JSON lines on stderr (stdout belongs to the start-up banner). They are written behind the caller's back, so that
 * a terminal or a pipe that does not keep up never stalls media.
 */
export function createLogger(
  level: LevelWithSilent,
  stream: LineStream = destination({ dest: 2, sync: false, maxLength: MAX_BACKLOG_BYTES }),
): ProcessLogger {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_PATHS },
    },
    stream,
  );
  // pino's own flush returns before the lines are out: too late for a process that ends.
  return Object.assign(logger, { flush: () => stream.flushSync?.() });
}
