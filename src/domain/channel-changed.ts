/** A stream session can't begin: its channel was changed or deleted after it was looked up. Another look-up finds what it is now. */
export class ChannelChanged extends Error {
  override name = 'ChannelChanged';
}
