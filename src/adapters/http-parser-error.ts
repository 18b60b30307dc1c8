/** As Node's 'clientError' event has it. */
export interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

/** What a client is told whose request Node's parser did not take: a status line. */
export function parserRefusal({ code, rawPacket }: ParserError, maxTargetBytes: number): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW': {
      const firstLineBytes = rawPacket?.indexOf('\n') ?? 0;
      const isTarget = firstLineBytes < 0 || firstLineBytes > maxTargetBytes;
      return isTarget ? '414 URI Too Long' : '431 Request Header Fields Too Large';
    }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return '413 Payload Too Large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return '408 Request Timeout';
    default:
      return '400 Bad Request';
  }
}
