// What is to be said of a stream session, by topic: lists of a name and a text.

import { formatBitRate, formatCount, formatDuration, formatMoment, HEALTHS } from './words.js';

/** Topics with their facts; one without facts is not there. */
export function factsOf({ session, stream, hasErrorEvent }) {
  const { channel, recordingConfiguration, ingestConfiguration } = session;
  return [
    { title: 'Stream', facts: streamFacts(session, stream, hasErrorEvent) },
    { title: 'Video from the encoder', facts: videoFacts(ingestConfiguration?.video) },
    { title: 'Audio from the encoder', facts: audioFacts(ingestConfiguration?.audio) },
    { title: 'Recording', facts: recordingFacts(recordingConfiguration) },
    { title: 'Channel', facts: channelFacts(channel ?? {}) },
  ].map(({ title, facts }) => ({ title, facts: facts.filter(([, text]) => text) }));
}

function streamFacts({ startTime, endTime }, stream, hasErrorEvent) {
  const endMs = endTime ? Date.parse(endTime) : Date.now();
  const health = stream && (HEALTHS[stream.health] ?? HEALTHS.UNKNOWN);
  return [
    ['State', stream?.state ?? (endTime ? 'Ended' : 'Not on air yet')],
    ['Health', health && `${health.name}: ${health.meaning}`],
    ['Viewers', stream && formatCount(stream.viewerCount)],
    ['Began', formatMoment(startTime)],
    ['Ended', endTime && formatMoment(endTime)],
    [endTime ? 'Lasted' : 'On air for', formatDuration(endMs - Date.parse(startTime))],
    ['Errors', hasErrorEvent ? 'Yes, see what happened' : 'None'],
  ];
}

function videoFacts(video) {
  if (!video) return [['Picture', 'Nothing has come yet']];
  return [
    ['Picture', video.videoWidth && `${video.videoWidth} × ${video.videoHeight}`],
    ['Frame rate', video.targetFramerate && `${video.targetFramerate} a second`],
    ['Target bit rate', video.targetBitrate && formatBitRate(video.targetBitrate)],
    ['Codec', video.codec],
    [
      'Profile and level',
      [video.profile || video.avcProfile, video.level || video.avcLevel].join(' ').trim(),
    ],
    ['Encoder', video.encoder],
  ];
}

function audioFacts(audio) {
  if (!audio) return [['Sound', 'None']];
  return [
    ['Codec', audio.codec],
    ['Target bit rate', audio.targetBitrate && formatBitRate(audio.targetBitrate)],
    ['Sample rate', audio.sampleRate && `${audio.sampleRate / 1000} kHz`],
    ['Channels', audio.channels && String(audio.channels)],
  ];
}

function channelFacts(channel) {
  return [
    ['Type', [channel.type, channel.preset].filter(Boolean).join(', ')],
    ['Latency', channel.latencyMode],
    ['Container', channel.containerFormat],
    ['Playback', channel.authorized ? 'Private: with a token' : 'Public'],
    ['Plain RTMP', channel.insecureIngest ? 'Allowed' : 'Refused'],
    ['Playback URL', channel.playbackUrl],
    ['ARN', channel.arn],
  ];
}

function recordingFacts(configuration) {
  if (!configuration) return [['Recording', 'Not recorded']];
  const { thumbnailConfiguration: thumbnails, renditionConfiguration: renditions } = configuration;
  const every = thumbnails?.targetIntervalSeconds;
  return [
    ['Configuration', configuration.name || configuration.arn],
    ['State', configuration.state],
    ['Bucket', configuration.destinationConfiguration?.s3?.bucketName],
    ['Waits for the encoder', `${configuration.recordingReconnectWindowSeconds ?? 0} s`],
    ['Thumbnails', thumbnails?.recordingMode === 'INTERVAL' ? `every ${every} s` : 'None'],
    ['Renditions', renditions?.renditionSelection],
  ];
}
