import type {
  RecordingConfigurationRecord,
  ThumbnailConfiguration,
} from '../domain/recording-configuration.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import type { Segment } from '../packaging/segment.ts';
import type { ChannelRenditions } from './channel-renditions.ts';
import type { ChannelThumbnails } from './channel-thumbnails.ts';
import type { IngestMonitor } from './ingest-monitor.ts';
import type { RecordableStream, StreamRecorder, StreamRecording } from './ports.ts';

/** One stream's recording, where its channel has one: nothing happens where it has not. */
export class ChannelRecording {
  readonly #recorder: StreamRecorder | undefined;
  #configuration: RecordingConfigurationRecord | undefined;
  #recording: StreamRecording | undefined;

  constructor(recorder: StreamRecorder | undefined) {
    this.#recorder = recorder;
  }

  /** The session has begun: this is how it is to be recorded. */
  configure(configuration: RecordingConfigurationRecord | undefined): void {
    this.#configuration = configuration;
  }

  get thumbnails(): ThumbnailConfiguration | undefined {
    return this.#configuration?.thumbnailConfiguration;
  }

  /** False once it has failed, or has ended. */
  get isRecording(): boolean {
    return this.#recording?.isRecording ?? false;
  }

  /** The stream is live. What is read of it later is as it is then. */
  begin(
    {
      channel,
      streamId,
      startTimeMs,
    }: Pick<RecordableStream, 'channel' | 'streamId' | 'startTimeMs'>,
    monitor: Pick<IngestMonitor, 'describe'>,
    renditions: Pick<ChannelRenditions, 'windows'> & {
      readonly thumbnails: Pick<ChannelThumbnails, 'recordedSize'>;
    },
  ): void {
    const configuration = this.#configuration;
    const ingest = monitor.describe();
    if (!this.#recorder || !configuration || !ingest) return;
    this.#recording = this.#recorder.begin({
      channel,
      streamId,
      startTimeMs,
      configuration,
      get windows() {
        return renditions.windows;
      },
      get ingest() {
        return monitor.describe() ?? ingest;
      },
      thumbnailSize: renditions.thumbnails.recordedSize,
    });
  }

  segment(window: LiveWindow, segment: Segment): void {
    this.#recording?.segment(window, segment);
  }

  thumbnail(jpeg: Uint8Array): void {
    this.#recording?.thumbnail(jpeg);
  }

  /** No more segments. */
  end(): void {
    this.#recording?.end();
  }
}
