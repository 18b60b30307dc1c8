import type { LogFields, Logger } from '../lib/logger.ts';

/** A line of a worker's log, on its way to the one log of the process. */
export interface RemoteLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: LogFields;
  readonly message: string;
}

/** A worker's log: the main thread writes it. */
export class RemoteLog implements Logger {
  readonly #tell: (line: RemoteLine) => void;
  readonly #isDebug: boolean;
  readonly #fields: LogFields;

  /** `isDebug`: whether lines of that level are written at all. */
  constructor(tell: (line: RemoteLine) => void, isDebug: boolean, fields: LogFields = {}) {
    this.#tell = tell;
    this.#isDebug = isDebug;
    this.#fields = fields;
  }

  debug(fields: LogFields, message: string): void {
    if (this.#isDebug) this.#line('debug', fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#line('info', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#line('warn', fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#line('error', fields, message);
  }

  child(fields: LogFields): Logger {
    return new RemoteLog(this.#tell, this.#isDebug, { ...this.#fields, ...fields });
  }

  #line(level: RemoteLine['level'], fields: LogFields, message: string): void {
    this.#tell({ level, fields: { ...this.#fields, ...fields }, message });
  }
}
