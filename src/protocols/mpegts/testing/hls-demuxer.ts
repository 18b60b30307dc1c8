import { build, type Plugin } from 'esbuild';

/** A sample as hls.js hands it to its remuxer. */
interface HlsVideoSample {
  readonly pts: number;
  readonly dts: number;
  readonly key: boolean;
  readonly units: readonly { readonly type: number; readonly data: Uint8Array }[];
}

interface HlsTracks {
  readonly videoTrack: {
    samples: HlsVideoSample[];
    readonly width: number;
    readonly dropped: number;
  };
  readonly audioTrack: {
    samples: { readonly pts: number; readonly unit: Uint8Array }[];
    readonly samplerate: number;
    readonly channelCount: number;
  };
  readonly id3Track: { samples: { readonly pts: number; readonly data: Uint8Array }[] };
}

interface HlsDemuxer {
  resetInitSegment(...args: unknown[]): void;
  demux(...args: unknown[]): HlsTracks;
}

type HlsDemuxerClass = {
  new (...args: unknown[]): HlsDemuxer;
  probe(bytes: Uint8Array, logger: unknown): boolean;
};

const DEMUXER = new URL('../src/demux/tsdemuxer.ts', import.meta.resolve('hls.js'));

/** Packages that hls.js builds in; the demuxer calls none of them. */
const withoutBuiltIn: Plugin = {
  name: 'without-built-in',
  setup(builder) {
    builder.onResolve({ filter: /^[@\w]/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path, namespace: 'without' },
    );
    builder.onLoad({ filter: /.*/, namespace: 'without' }, () => ({
      contents: 'module.exports = {}',
    }));
  },
};

/**
 * hls.js' own demuxer for transport streams, fed part by part as its low-latency mode does: each part is flushed, its samples are
 * taken, and the next one follows. Everything that it logs as a warning or error is thrown.
 */
export class HlsDemuxing {
  readonly #demuxer: HlsDemuxer;

  private constructor(demuxer: HlsDemuxer) {
    this.#demuxer = demuxer;
    demuxer.resetInitSegment(undefined, '', '', 0, null, CHUNK);
  }

  static async start(firstPart: Uint8Array): Promise<HlsDemuxing> {
    const { outputFiles } = await build({
      entryPoints: [DEMUXER.pathname],
      bundle: true,
      format: 'esm',
      write: false,
      logLevel: 'error',
      define: { __USE_M2TS_ADVANCED_CODECS__: 'false' },
      plugins: [withoutBuiltIn],
    });
    const source = Buffer.from(outputFiles[0]!.contents).toString('base64');
    const { default: Demuxer } = (await import(`data:text/javascript;base64,${source}`)) as {
      default: HlsDemuxerClass;
    };
    const logger = { log() {}, debug() {}, info() {}, warn: fail, error: fail };
    if (!Demuxer.probe(firstPart, logger)) fail('it does not take the part for MPEG-TS');
    const observer = { emit: (...event: unknown[]) => fail(JSON.stringify(event)) };
    const config = { handleMpegTsVideoIntegrityErrors: 'skip' };
    return new HlsDemuxing(new Demuxer(observer, config, {}, logger));
  }

  part(bytes: Uint8Array) {
    const { videoTrack, audioTrack, id3Track } = this.#demuxer.demux(bytes, 0, CHUNK, false, true);
    const found = {
      video: videoTrack.samples,
      audio: audioTrack.samples,
      id3: id3Track.samples,
      width: videoTrack.width,
      sampleRate: audioTrack.samplerate,
      channelCount: audioTrack.channelCount,
    };
    videoTrack.samples = [];
    audioTrack.samples = [];
    id3Track.samples = [];
    return found;
  }
}

const CHUNK = { iframe: false };

function fail(message: unknown): never {
  throw new Error(`hls.js: ${String(message)}`);
}
