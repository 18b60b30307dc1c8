// hls.js as it comes: without settings from a test, what it does here it does on anybody's page.

window.player = {
  play(url, clock, settings) {
    const video = document.getElementById('video');
    const log = new window.VideoLog(video, clock);
    const hls = new window.Hls(settings ?? {});
    this.hls = hls;
    const errors = [];
    hls.on(window.Hls.Events.ERROR, (_event, { fatal, details, error, response }) => {
      const reason = error?.message ?? String(response?.code);
      errors.push({ isFatal: fatal, details, reason, status: response?.code });
    });
    const tags = [];
    hls.on(window.Hls.Events.FRAG_PARSING_METADATA, (_event, { frag, samples }) => {
      for (const { data, pts } of samples) {
        const text = new TextDecoder('latin1').decode(data);
        tags.push({ text, dateMs: frag.programDateTime + (pts - frag.start) * 1000 });
      }
    });
    hls.on(window.Hls.Events.MANIFEST_PARSED, () => video.play());
    hls.attachMedia(video);
    hls.loadSource(url);
    this.report = () => ({
      ...log.report(),
      errors,
      tags,
      isPlayedOut: isPlayedOut(hls, video),
      isLowLatency: hls.lowLatencyMode && Boolean(hls.latestLevelDetails?.partTarget),
      latencySeconds: hls.latency,
      targetLatencySeconds: hls.targetLatency,
      level: hls.levels[hls.currentLevel]?.attrs['IVS-NAME'],
      programDelaySeconds: (Date.now() - hls.playingDate?.getTime()) / 1000,
    });
  },
};

/**
 * hls.js (1.7.4) leaves the last parts of a stream unloaded when ENDLIST comes together with them, and waits for ever a moment
 * before the end: after ENDLIST, that is the end.
 */
function isPlayedOut({ latestLevelDetails }, { currentTime }) {
  const LAST_MOMENT_S = 0.5;
  return (
    latestLevelDetails?.live === false && latestLevelDetails.edge - currentTime < LAST_MOMENT_S
  );
}
