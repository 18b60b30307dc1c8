/** A bucket is not there, or not for us to write to, or of a kind that can't be used: trying again is of no use. */
export class DestinationRefused extends Error {
  override name = 'DestinationRefused';
}
