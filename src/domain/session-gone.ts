/** A stream session can't be written to: it is not there any more, or it is over. Another attempt would end the same way. */
export class SessionGone extends Error {
  override name = 'SessionGone';
}
