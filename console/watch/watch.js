// Plays one channel: hls.js where there are media source extensions, the browser's own HLS elsewhere (iPhone).
// What the page shows is one state; everything else follows from it through [data-state] in watch.css.

const { Hls } = window;
/** `<bucket>/<prefix>` of a past stream, where this page plays one. */
const recording = new URLSearchParams(location.search).get('recording');
const playbackUrl =
  recording === null
    ? document.body.dataset.playbackUrl
    : `/recordings/${recording}/media/hls/master.m3u8`;

const video = element('video');
const soundButton = element('sound');
const goLiveButton = element('go-live');
const qualityMenu = element('quality');

const STATES = {
  connecting: { badge: 'Connecting', title: 'Connecting' },
  live: { badge: 'Live', title: 'Live' },
  stalled: { badge: 'Waiting', title: 'Waiting for the stream' },
  offline: {
    badge: 'Offline',
    title: 'This channel is offline',
    text: 'The stream starts here by itself as soon as it is on air.',
    retryMs: 3_000,
  },
  ended: {
    badge: 'Ended',
    title: 'The stream has ended',
    text: 'If the channel comes back on air, playback goes on here.',
    retryMs: 3_000,
  },
  private: {
    badge: 'Private',
    title: 'This channel is private',
    text: 'Its owner decides who may watch.',
    retryMs: 15_000,
  },
  error: {
    badge: 'Error',
    title: 'Playback does not work right now',
    text: 'Trying again by itself.',
    retryMs: 5_000,
  },
  missing: {
    badge: 'Not found',
    title: 'There is no such channel',
    text: 'Check the address of this page.',
  },
  unsupported: {
    badge: 'Not supported',
    title: 'This browser cannot play live video',
    text: 'Any current version of Chrome, Edge, Firefox or Safari can.',
  },
};

if (recording !== null) {
  Object.assign(STATES, {
    live: { badge: 'Recording', title: 'Recording' },
    stalled: { badge: 'Waiting', title: 'Waiting for the recording' },
    offline: { badge: 'Not found', title: 'There is no such recording' },
    ended: { badge: 'Ended', title: 'The recording has ended' },
  });
}

/** Shorter stalls are not worth a word. */
const STALL_NOTICE_MS = 700;
/** Further behind than this, a button leads back. */
const FAR_BEHIND_S = 8;
/** Two parts, and the sound that may be missing of the one before. */
const LAST_MOMENT_S = 0.5;
const MAX_MEDIA_RECOVERIES = 3;
/** The server holds the first playlist of a starting stream for up to 12 s. */
const MANIFEST_TIMEOUT_MS = 20_000;
const AUTO = 'auto';

let state = 'connecting';
let hls;
let retryTimer;
let stallTimer;
let mediaRecoveries = 0;
/** Server's clock minus ours: latency is told by the server's. */
let clockSkewMs = 0;

/** For tests and for the curious. */
window.ivoryWatch = {
  video,
  get hls() {
    return hls;
  },
  get state() {
    return state;
  },
  get latencySeconds() {
    return latencySeconds();
  },
};

video.addEventListener('playing', () => enter('live'));
video.addEventListener('timeupdate', () => {
  if (state === 'stalled' && !video.paused) enter('live');
});
video.addEventListener('waiting', () => {
  clearTimeout(stallTimer);
  stallTimer = setTimeout(() => {
    if (state === 'live' && !video.paused) enter(isPlayedOut() ? 'ended' : 'stalled');
  }, STALL_NOTICE_MS);
});
video.addEventListener('ended', () => enter('ended'));
video.addEventListener('volumechange', showSound);
video.addEventListener('resize', () => {
  document.body.classList.toggle('tall', video.videoHeight > video.videoWidth);
});
video.addEventListener('error', async () => {
  // hls.js reports its own. The element does not say what the server answered.
  if (hls) return;
  const response = await fetch(playbackUrl, { method: 'HEAD' }).catch(() => undefined);
  enter(stateOfStatus(response?.status));
});
soundButton.addEventListener('click', () => {
  video.muted = false;
  void play();
});
goLiveButton.addEventListener('click', () => {
  goToLive();
  void play();
});
qualityMenu.addEventListener('change', chooseQuality);
setInterval(showFacts, 500);
element('latency-field').hidden = recording !== null;
connect();
void listRecordings();

function connect() {
  if (!playbackUrl) enter('missing');
  // Asked first: Chromium answers "maybe" to canPlayType and then can't play low latency.
  else if (Hls?.isSupported()) connectHls();
  else if (video.canPlayType('application/vnd.apple.mpegurl')) connectNative();
  else enter('unsupported');
}

/** Starts over from the multivariant playlist, which is also what asks whether the channel is on air. */
function reconnect() {
  hls?.destroy();
  hls = undefined;
  mediaRecoveries = 0;
  connect();
}

function connectHls() {
  hls = new Hls({
    lowLatencyMode: true,
    backBufferLength: 30,
    // After a stall, catches up a tenth faster than life instead of staying behind.
    maxLiveSyncPlaybackRate: 1.1,
    // Retries are this page's own: a channel that is offline is an answer, not an error.
    manifestLoadPolicy: {
      default: {
        maxTimeToFirstByteMs: MANIFEST_TIMEOUT_MS,
        maxLoadTimeMs: MANIFEST_TIMEOUT_MS,
        timeoutRetry: null,
        errorRetry: null,
      },
    },
  });
  hls.on(Hls.Events.MANIFEST_LOADED, (_event, { sessionData, stats }) => {
    const serverTime = Number(sessionData?.['SERVER-TIME']?.VALUE);
    if (serverTime > 0) {
      clockSkewMs = serverTime * 1000 - (performance.timeOrigin + stats.loading.first);
    }
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    listQualities();
    void play();
  });
  hls.on(Hls.Events.ERROR, (_event, data) => {
    if (data.fatal) onFatalError(data);
  });
  hls.attachMedia(video);
  hls.loadSource(playbackUrl);
}

function onFatalError({ type, response }) {
  if (type === Hls.ErrorTypes.MEDIA_ERROR && mediaRecoveries < MAX_MEDIA_RECOVERIES) {
    mediaRecoveries++;
    hls.recoverMediaError();
    return;
  }
  enter(stateOfStatus(response?.code));
}

/** Best first. What a viewer chose stays chosen when the stream comes back with it. */
function listQualities() {
  const chosen = qualityMenu.value;
  const names = hls.levels.map(qualityName).reverse();
  qualityMenu.replaceChildren(
    new Option('Auto', AUTO),
    ...names.map((name) => new Option(name, name)),
  );
  qualityMenu.value = names.includes(chosen) ? chosen : AUTO;
  element('quality-field').hidden = names.length < 2;
  if (qualityMenu.value !== AUTO) chooseQuality();
}

/** With the next segment: what is in the buffer is played. -1 lets hls.js decide. */
function chooseQuality() {
  const { value } = qualityMenu;
  hls.nextLevel = hls.levels.findIndex((level) => qualityName(level) === value);
}

function qualityName({ attrs, height, bitrate }) {
  return attrs['IVS-NAME'] ?? (height ? `${height}p` : `${Math.round(bitrate / 1000)} kb/s`);
}

function connectNative() {
  video.src = playbackUrl;
  void play();
}

function stateOfStatus(status) {
  if (status === 403) return 'private';
  if (status === 404) return state === 'ended' ? 'ended' : 'offline';
  return 'error';
}

function enter(next) {
  clearTimeout(stallTimer);
  clearTimeout(retryTimer);
  const { badge, title, text = '', retryMs } = STATES[next];
  if (retryMs !== undefined) retryTimer = setTimeout(reconnect, retryMs);
  if (next !== state) {
    state = next;
    document.body.dataset.state = next;
    element('badge').textContent = badge;
    element('notice-title').textContent = title;
    element('notice-text').textContent = text;
    video.controls = next === 'live' || next === 'stalled';
  }
  showSound();
  showFacts();
}

async function play() {
  try {
    await video.play();
  } catch {
    // Not even muted, or the stream went away meanwhile: the player's own controls start it.
    video.controls = true;
  }
}

function goToLive() {
  const position = hls?.liveSyncPosition ?? endOfSeekable();
  if (position !== undefined && position !== null) video.currentTime = position;
}

function endOfSeekable() {
  const { seekable } = video;
  return seekable.length > 0 ? seekable.end(seekable.length - 1) : undefined;
}

/** From the encoder to this screen: the playing frame's wall-clock time against the server's clock. */
function latencySeconds() {
  const playingDate = hls ? hls.playingDate?.getTime() : nativePlayingDate();
  if (!Number.isFinite(playingDate)) return undefined;
  return (Date.now() + clockSkewMs - playingDate) / 1000;
}

function nativePlayingDate() {
  return (video.getStartDate?.().getTime() ?? Number.NaN) + video.currentTime * 1000;
}

/**
 * hls.js (1.7.4) leaves the last part of a stream unloaded when ENDLIST comes together with it, and then waits for ever
 * a moment before the end: a stall there, after ENDLIST, is the end.
 */
function isPlayedOut() {
  const details = hls?.levels[hls.currentLevel]?.details;
  return details?.live === false && details.edge - video.currentTime < LAST_MOMENT_S;
}

function showFacts() {
  if (state === 'stalled' && isPlayedOut()) enter('ended');
  const isPlaying = state === 'live' || state === 'stalled';
  const latency = isPlaying && recording === null ? latencySeconds() : undefined;
  const level = hls?.levels[hls.currentLevel];
  const { videoWidth, videoHeight } = video;
  element('latency').textContent = latency === undefined ? '–' : `${latency.toFixed(1)} s`;
  element('picture').textContent = isPlaying && videoWidth ? `${videoWidth} × ${videoHeight}` : '–';
  element('bitrate').textContent =
    isPlaying && level ? `${(level.bitrate / 1e6).toFixed(1)} Mb/s` : '–';
  const auto = qualityMenu.options[0];
  if (auto && level) auto.text = hls.autoLevelEnabled ? `Auto (${qualityName(level)})` : 'Auto';
  goLiveButton.hidden = !(latency > FAR_BEHIND_S);
}

/** Links to this page itself: one of them plays at a time. */
async function listRecordings() {
  const response = await fetch(`${location.pathname}/recordings`).catch(() => undefined);
  const recordings = response?.ok ? await response.json() : [];
  const items = recordings.map(({ path, startedAtMs, durationMs }) => {
    const link = document.createElement('a');
    link.href = `${location.pathname}?recording=${encodeURIComponent(path)}`;
    const length = durationMs === undefined ? 'being recorded' : formatLength(durationMs);
    link.textContent = `${new Date(startedAtMs).toLocaleString()}, ${length}`;
    if (path === recording) link.setAttribute('aria-current', 'page');
    const item = document.createElement('li');
    item.append(link);
    return item;
  });
  if (recording !== null) {
    const item = document.createElement('li');
    const link = document.createElement('a');
    link.href = location.pathname;
    link.textContent = 'Live';
    item.append(link);
    items.unshift(item);
  }
  element('recording-list').replaceChildren(...items);
  element('recordings').hidden = items.length === 0;
}

/** `1:02:03`, or `2:03`. */
function formatLength(durationMs) {
  const seconds = Math.round(durationMs / 1000);
  const twoDigits = (count) => String(count).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = twoDigits(seconds % 60);
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${rest}` : `${minutes}:${rest}`;
}

function showSound() {
  soundButton.hidden = !(video.muted && (state === 'live' || state === 'stalled'));
}

function element(id) {
  return document.getElementById(id);
}
