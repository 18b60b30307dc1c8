import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChannelRecord } from '../domain/channel.ts';
import type { RecordingConfigurationRecord } from '../domain/recording-configuration.ts';
import type { IngestConfiguration } from '../domain/stream-session.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import type { Segment } from '../packaging/segment.ts';
import { ChannelRecording } from './channel-recording.ts';
import type { RecordableStream } from './ports.ts';

const CONFIGURATION = {
  arn: 'arn:recording-configuration',
  thumbnailConfiguration: { recordingMode: 'DISABLED', storage: [] },
} as unknown as RecordingConfigurationRecord;
const STREAM = { channel: {} as ChannelRecord, streamId: 'st-1', startTimeMs: 7 };
const WINDOW = {} as LiveWindow;
const SEGMENT = {} as Segment;

const ingestOf = (width: number) => ({ video: { width } }) as IngestConfiguration;

/** A recorder, and a stream as far as a recording needs it. */
function setUp() {
  const begun: RecordableStream[] = [];
  const told: string[] = [];
  const recorded = {
    isRecording: true,
    segment: () => void told.push('segment'),
    thumbnail: () => void told.push('thumbnail'),
    end: () => void told.push('end'),
  };
  const recorder = {
    begin: (stream: RecordableStream) => {
      begun.push(stream);
      return recorded;
    },
  };
  const source = { ingest: undefined as IngestConfiguration | undefined };
  const monitor = { describe: () => source.ingest };
  const renditions = {
    windows: [] as readonly LiveWindow[],
    thumbnails: { recordedSize: { width: 640, height: 360 } },
  };
  const begin = (recording: ChannelRecording) => recording.begin(STREAM, monitor, renditions);
  const tell = (recording: ChannelRecording) => {
    recording.segment(WINDOW, SEGMENT);
    recording.thumbnail(Uint8Array.of());
    recording.end();
  };
  return { begun, told, recorded, recorder, source, renditions, begin, tell };
}

test('a stream is recorded from when it is live, by what its session began with', () => {
  const { begun, told, recorded, recorder, source, begin, tell } = setUp();
  const recording = new ChannelRecording(recorder);
  assert.equal(recording.thumbnails, undefined);
  recording.configure(CONFIGURATION);
  assert.equal(recording.thumbnails, CONFIGURATION.thumbnailConfiguration);
  tell(recording);
  assert.deepEqual(told, [], 'nothing is recorded yet');
  assert.equal(recording.isRecording, false);

  source.ingest = ingestOf(1280);
  begin(recording);
  const [{ streamId, startTimeMs, configuration, thumbnailSize } = assert.fail()] = begun;
  assert.deepEqual(
    { streamId, startTimeMs, configuration, thumbnailSize },
    {
      ...{ streamId: 'st-1', startTimeMs: 7, configuration: CONFIGURATION },
      thumbnailSize: { width: 640, height: 360 },
    },
  );
  assert.equal(recording.isRecording, true);
  tell(recording);
  assert.deepEqual(told, ['segment', 'thumbnail', 'end']);
  recorded.isRecording = false;
  assert.equal(recording.isRecording, false);
});

test('a recorder reads the renditions and the ingest as they are when it reads', () => {
  const { begun, recorder, source, renditions, begin } = setUp();
  const recording = new ChannelRecording(recorder);
  recording.configure(CONFIGURATION);
  source.ingest = ingestOf(1280);
  begin(recording);
  const stream = begun[0] ?? assert.fail();
  assert.deepEqual([stream.windows.length, stream.ingest], [0, ingestOf(1280)]);
  renditions.windows = [WINDOW];
  source.ingest = ingestOf(640);
  assert.deepEqual([stream.windows.length, stream.ingest], [1, ingestOf(640)]);
});

test('nothing is recorded without a recorder, without a configuration, or of a source that is not known', () => {
  const { begun, told, recorder, source, begin, tell } = setUp();
  const unknown = new ChannelRecording(recorder);
  unknown.configure(CONFIGURATION);
  begin(unknown);
  source.ingest = ingestOf(1280);
  const unwanted = new ChannelRecording(recorder);
  unwanted.configure(undefined);
  const impossible = new ChannelRecording(undefined);
  impossible.configure(CONFIGURATION);
  for (const recording of [unwanted, impossible]) begin(recording);
  for (const recording of [unknown, unwanted, impossible]) {
    tell(recording);
    assert.equal(recording.isRecording, false);
  }
  assert.deepEqual([begun, told], [[], []]);
});
