import type { LogFields, Logger } from '../lib/logger.ts';

/** In a second. Anyone who can connect can be refused hundreds of times, and would bury what else the log has. */
const MAX_LINES = 5;

/** Tells of encoders that are refused: of each while they are few, and then of how many more there were. */
export class RefusalLog {
  readonly #logger: Logger;
  #linesLeft = MAX_LINES;
  #untold = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `logger`: of the encoder's connection. */
  tell(logger: Logger, fields: LogFields, message: string): void {
    if (this.#linesLeft > 0) {
      this.#linesLeft--;
      logger.warn(fields, message);
      return;
    }
    this.#untold++;
    logger.debug(fields, message);
  }

  /** Once a second. */
  report(): void {
    const count = this.#untold;
    this.#linesLeft = MAX_LINES;
    this.#untold = 0;
    if (count > 0) this.#logger.warn({ count }, 'more encoders refused: level debug has each');
  }
}
