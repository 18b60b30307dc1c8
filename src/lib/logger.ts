/** Structured facts of one log line. Never put a secret in: stream keys, passphrases, signatures, tokens. */
export type LogFields = Record<string, unknown>;

/** One line a fact; `child` adds fields to every line below it. pino satisfies this structurally. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): Logger;
}

/** Swallows everything; for tests and for pure code that wants a default. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
