// The Amazon IVS player as its documentation starts it.

import { create, PlayerEventType, PlayerState } from 'amazon-ivs-player';

window.player = {
  play(url, clock) {
    const video = document.getElementById('video');
    const log = new window.VideoLog(video, clock);
    const player = create({
      wasmWorker: `${location.origin}/amazon-ivs-wasmworker.min.js`,
      wasmBinary: `${location.origin}/amazon-ivs-wasmworker.min.wasm`,
    });
    this.ivs = player;
    const states = [];
    const errors = [];
    const cues = [];
    for (const state of Object.values(PlayerState)) {
      player.addEventListener(state, () => states.push(state));
    }
    player.addEventListener(PlayerEventType.ERROR, ({ type, code, source, message }) => {
      errors.push({ type, code, source, message });
    });
    player.addEventListener(PlayerEventType.TEXT_METADATA_CUE, ({ startTime, owner, text }) => {
      cues.push({ startTime, owner, text });
    });
    player.attachHTMLVideoElement(video);
    player.setMuted(true);
    player.setAutoplay(true);
    player.load(url);
    this.report = () => ({
      ...log.report(),
      state: player.getState(),
      states,
      errors,
      cues,
      isLowLatency: player.isLiveLowLatency(),
      latencySeconds: player.getLiveLatency(),
      quality: player.getQuality().name,
    });
  },
};
