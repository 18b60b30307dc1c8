/** Why a command can't be started, in one line for the person who typed it. */
export class SetupError extends Error {
  name = 'SetupError';
}
