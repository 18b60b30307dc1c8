import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TRACKS } from '../../test/support/media.ts';
import { planLadder } from '../domain/ladder.ts';
import { VIDEO_ENCODERS, type VideoEncoder } from '../domain/video-encoder.ts';
import { ffmpegArguments } from './ffmpeg-arguments.ts';
import { planJob, type TranscodeJob } from './transcode-job.ts';

const FEATURES = {
  version: '5.1',
  encoderTimeBase: '-1',
  encoders: new Set<string>(),
} as const;
const SOFTWARE = { encoder: 'libx264' } as const;

const JOB: TranscodeJob = {
  framesPerSecond: 60,
  videos: [
    {
      encoding: {
        width: 1280,
        height: 720,
        keepOneFrameIn: 1,
        framesPerSecond: 60,
        bitrateBps: 3_000_000,
      },
    },
    {
      encoding: {
        width: 852,
        height: 480,
        keepOneFrameIn: 2,
        framesPerSecond: 29.97,
        bitrateBps: 1_300_000,
        maxKeyframeIntervalSeconds: 2,
      },
    },
  ],
  audios: [{ bitrateBps: 64_000 }],
  thumbnails: { intervalSeconds: 5 },
};

const after = (argv: readonly string[], option: string) => {
  const values = argv.flatMap((argument, at) => (argument === option ? [argv[at + 1]] : []));
  return values;
};

test('ffmpegArguments() decodes once, and gives every encoding an output of its own', () => {
  assert.deepEqual(
    ffmpegArguments(JOB, SOFTWARE, FEATURES)
      .join(' ')
      .split(/ (?=-map|-filter)/),
    [
      '-hide_banner -nostdin -nostats -loglevel error -copyts -threads 1 -probesize 32 -analyzeduration 0 -f flv -i pipe:0',
      "-filter_complex [0:v]split=3[v0_in][v1_in][thumbnail_in];[v0_in]scale=1280:720,setsar='if(lt(abs(sar-1),0.02),1,sar)',format=yuv420p[v0];[v1_in]select='key+gte(n-prev_selected_n,2)',scale=852:480,setsar='if(lt(abs(sar-1),0.02),1,sar)',format=yuv420p[v1];[thumbnail_in]select='isnan(prev_selected_t)+gte(t-prev_selected_t,5)',scale=-2:'trunc(min(720,ih)/2)*2',setsar=1,format=yuvj420p[thumbnail]",
      '-map [v0] -c:v libx264 -preset veryfast -tune zerolatency -sc_threshold 0 -threads 2 -x264-params fps=60.000 -profile:v main -bf 0 -force_key_frames source -g 1073741824 -fps_mode passthrough -enc_time_base -1 -b:v 3000000 -maxrate 3000000 -bufsize 3000000 -flush_packets 1 -f flv -flvflags no_duration_filesize pipe:3',
      '-map [v1] -c:v libx264 -preset veryfast -tune zerolatency -sc_threshold 0 -threads 1 -x264-params fps=29.970 -profile:v main -bf 0 -force_key_frames source -g 60 -fps_mode passthrough -enc_time_base -1 -b:v 1300000 -maxrate 1300000 -bufsize 1300000 -flush_packets 1 -f flv -flvflags no_duration_filesize pipe:4',
      '-map 0:a -c:a aac -ac 2 -b:a 64000 -flush_packets 1 -f flv -flvflags no_duration_filesize pipe:5',
      '-map [thumbnail] -c:v mjpeg -q:v 5 -threads 1 -fps_mode passthrough -enc_time_base -1 -flush_packets 1 -f image2pipe pipe:6',
    ],
  );
});

test('ffmpegArguments() spells the time base as the ffmpeg at hand does', () => {
  const argv = ffmpegArguments(JOB, SOFTWARE, { ...FEATURES, encoderTimeBase: 'demux' });
  assert.deepEqual(after(argv, '-enc_time_base'), ['demux', 'demux', 'demux']);
});

test('ffmpegArguments() does not tell x264 a frame rate that nobody knows', () => {
  const encoding = {
    width: 284,
    height: 160,
    keepOneFrameIn: 1,
    framesPerSecond: 0,
    bitrateBps: 230_000,
  };
  const job: TranscodeJob = { framesPerSecond: 30, videos: [{ encoding }], audios: [] };
  assert.ok(!ffmpegArguments(job, SOFTWARE, FEATURES).includes('-x264-params'));
});

test('ffmpegArguments() decodes keyframes only where nothing but thumbnails is made', () => {
  const job = { framesPerSecond: 30, videos: [], audios: [], thumbnails: { intervalSeconds: 5 } };
  assert.deepEqual(after(ffmpegArguments(job, SOFTWARE, FEATURES), '-skip_frame:v'), ['nokey']);
});

test('ffmpegArguments() makes thumbnails in the size that is asked for, or as pages need them', () => {
  const filters = (thumbnails: NonNullable<TranscodeJob['thumbnails']>) =>
    after(ffmpegArguments({ ...JOB, thumbnails }, SOFTWARE, FEATURES), '-filter_complex').join();
  const size = { width: 285, height: 160 };
  assert.match(filters({ intervalSeconds: 60, size }), /prev_selected_t,60\)',scale=284:160,/);
  assert.match(filters({ intervalSeconds: 60 }), /scale=-2:'trunc\(min\(720,ih\)\/2\)\*2'/);
});

test('ffmpegArguments() copies a picture that is passed through beside its sound', () => {
  const job: TranscodeJob = {
    framesPerSecond: 30,
    videos: [{ encoding: 'copy' }],
    audios: [{ bitrateBps: 64_000 }],
  };
  const argv = ffmpegArguments(job, SOFTWARE, FEATURES);
  assert.deepEqual(after(argv, '-map'), ['0:v', '0:a']);
  assert.ok(!argv.includes('-filter_complex'));
});

const HARDWARE: Record<Exclude<VideoEncoder, 'libx264'>, readonly string[]> = {
  h264_nvenc: ['-zerolatency 1', '-delay 0', '-forced-idr 1', '-no-scenecut 1', '-rc cbr'],
  h264_vaapi: ['-vaapi_device /dev/dri/renderD128', 'format=nv12,hwupload', '-rc_mode CBR'],
  h264_qsv: ['-look_ahead 0', '-forced_idr 1', '-async_depth 1'],
  h264_videotoolbox: ['-realtime 1'],
};

for (const [encoder, options] of Object.entries(HARDWARE)) {
  test(`ffmpegArguments() tells ${encoder} to put keyframes where the source has them, at once`, () => {
    const argv = ffmpegArguments(JOB, { encoder: encoder as VideoEncoder }, FEATURES);
    const line = argv.join(' ');
    for (const option of options) assert.ok(line.includes(option), option);
    assert.deepEqual(after(argv, '-force_key_frames'), ['source', 'source']);
    assert.deepEqual(after(argv, '-g'), ['18000', '60']);
    assert.ok(!line.includes('x264') && !line.includes('-preset zerolatency'));
  });
}

test('every encoder has arguments', () => {
  for (const encoder of VIDEO_ENCODERS) {
    assert.ok(ffmpegArguments(JOB, { encoder }, FEATURES).includes(encoder));
  }
});

const source = { width: 1920, height: 1080, framesPerSecond: 60, hasAudio: true };

test('planJob() leaves the source alone and encodes each sound once', () => {
  const standard = planJob(planLadder({ type: 'STANDARD', preset: '' }, source), TRACKS, undefined);
  assert.deepEqual(standard.routes, [
    { name: '720p60', video: 0, audio: 'source' },
    { name: '480p30', video: 1, audio: 'source' },
    { name: '360p30', video: 2, audio: 0 },
    { name: '160p30', video: 3, audio: 1 },
  ]);
  assert.deepEqual(standard.job.audios, [{ bitrateBps: 64_000 }, { bitrateBps: 48_000 }]);
  assert.equal(standard.job.framesPerSecond, 60);
  const advanced = planJob(planLadder({ type: 'ADVANCED_HD', preset: '' }, source), TRACKS, {
    intervalSeconds: 10,
  });
  assert.deepEqual(
    advanced.routes.map(({ audio }) => audio),
    [0, 0, 1, 2, 1],
  );
});

test('planJob() makes no sound of a source that has none', () => {
  const { job, routes } = planJob(
    planLadder({ type: 'ADVANCED_SD', preset: '' }, source),
    { video: TRACKS.video },
    undefined,
  );
  assert.deepEqual(job.audios, []);
  assert.deepEqual(
    routes.map(({ name, audio }) => [name, audio]),
    [
      ['480p30', undefined],
      ['360p30', undefined],
      ['160p30', undefined],
    ],
  );
});
