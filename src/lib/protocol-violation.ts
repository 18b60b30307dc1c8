/**
 * A peer broke a wire format. Thrown where the violation is seen (a decoder has no connection to close)
 * and caught once, by the owner of the connection. `message`: what was being read, why it can't be, the value seen.
 */
export class ProtocolViolation extends Error {
  override name = 'ProtocolViolation';
}
