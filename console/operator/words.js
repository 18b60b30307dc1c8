// What the API's values are called for people.

/** Health of a stream: how it is marked, what it is called, what it means. */
export const HEALTHS = {
  HEALTHY: { mark: 'good', name: 'Healthy', meaning: 'the encoder keeps up with real time' },
  STARVING: { mark: 'bad', name: 'Starving', meaning: 'the encoder sends less than real time' },
  UNKNOWN: { mark: 'unsure', name: 'Not known yet', meaning: 'too little has come to tell' },
};

const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const count = new Intl.NumberFormat(undefined);

/** A moment: without its day where that is today's. */
export function formatMoment(moment, now = new Date()) {
  const date = new Date(moment);
  return (date.toDateString() === now.toDateString() ? time : dayAndTime).format(date);
}

/** `12 s`, `4 min`, `1 h 05 min`, `3 d 4 h`. */
export function formatDuration(durationMs) {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function formatBitRate(bitsPerSecond) {
  if (bitsPerSecond === undefined) return '–';
  if (bitsPerSecond < 1e6) return `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
  return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
}

export function formatCount(value) {
  return value === undefined ? '–' : count.format(Math.round(value));
}

/** Of a video configuration: `1280 × 720, 30 fps`; before there is one, a dash. */
export function formatPicture(video) {
  if (!video?.videoWidth) return '–';
  const rate = video.targetFramerate ? `, ${video.targetFramerate} fps` : '';
  return `${video.videoWidth} × ${video.videoHeight}${rate}`;
}

/** The end of an ARN, which is what people know a resource by that has no name. */
export function idOf(arn) {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

export function nameOf(channelArn, channels) {
  return channels.get(channelArn)?.name || idOf(channelArn);
}

/** Where this page shows a stream. */
export function sessionHref(channelArn, streamId) {
  return `#${channelArn}/${streamId}`;
}
