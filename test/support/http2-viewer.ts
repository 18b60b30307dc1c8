import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import type { TLSSocket } from 'node:tls';

export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** One HTTP/2 connection of Node's own client, which trusts one certificate. */
export class Http2Viewer implements AsyncDisposable {
  readonly session: ClientHttp2Session;
  /** Why the connection is no more; nothing while it is. */
  failure: string | undefined;

  private constructor(session: ClientHttp2Session) {
    this.session = session;
    session.on('error', (error) => {
      this.failure = error.message;
    });
    session.once('goaway', (code) => {
      this.failure ??= `GOAWAY ${code}`;
    });
    session.once('close', () => {
      this.failure ??= 'closed';
    });
  }

  static async connect(port: number, certificate: string): Promise<Http2Viewer> {
    const session = connect(`https://localhost:${port}`, { ca: certificate, host: '127.0.0.1' });
    const viewer = new Http2Viewer(session);
    await once(session, 'connect');
    return viewer;
  }

  /** PEM of the certificate that the server showed to this connection. */
  get peerCertificate(): string {
    return (this.session.socket as TLSSocket).getPeerX509Certificate()!.toString();
  }

  /** Rejects where the stream is reset. */
  async get(pathOrUrl: string): Promise<Http2Answer> {
    const { pathname, search } = new URL(pathOrUrl, 'https://localhost');
    const stream = this.session.request({ ':path': pathname + search });
    const answered = once(stream, 'response');
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const ended = once(stream, 'end');
    const [headers] = (await answered) as [IncomingHttpHeaders];
    await ended;
    if (stream.rstCode) throw new Error(`${pathOrUrl} was reset with ${stream.rstCode}`);
    return { status: Number(headers[':status']), headers, bytes: Buffer.concat(chunks) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.session.destroyed) return;
    const closed = once(this.session, 'close');
    this.session.destroy();
    await closed;
  }
}
