// hls.js as it comes: without settings from a test, what it does here it does on anybody's page.

window.player = {
  play(url, clock, settings) {
    const video = document.getElementById('video');
    const log = new window.VideoLog(video, clock);
    const hls = new window.Hls(settings ?? {});
    this.hls = hls;
    const errors = [];
    hls.on(window.Hls.Events.ERROR, (_event, { fatal, details, error, response }) => {
      errors.push({ isFatal: fatal, details, reason: error?.message ?? String(response?.code) });
    });
    hls.on(window.Hls.Events.MANIFEST_PARSED, () => video.play());
    hls.attachMedia(video);
    hls.loadSource(url);
    this.report = () => ({
      ...log.report(),
      errors,
      isLowLatency: hls.lowLatencyMode && Boolean(hls.latestLevelDetails?.partTarget),
      latencySeconds: hls.latency,
      targetLatencySeconds: hls.targetLatency,
      level: hls.levels[hls.currentLevel]?.attrs['IVS-NAME'],
      programDelaySeconds: (Date.now() - hls.playingDate?.getTime()) / 1000,
    });
  },
};
