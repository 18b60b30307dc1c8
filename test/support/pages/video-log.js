// What a <video> does, as numbers that a test can ask for. A classic script: `window.VideoLog`.

window.VideoLog = class VideoLog {
  #video;
  #clock;
  #pictureDelays = [];
  #events = [];

  /** `clock`: `{ epochMs, bits }` of the clock in the picture, if it has one. */
  constructor(video, clock) {
    this.#video = video;
    this.#clock = clock;
    for (const type of ['playing', 'waiting', 'seeking', 'ended', 'resize']) {
      video.addEventListener(type, () => this.#events.push(type));
    }
    if (clock) this.#readClock();
  }

  report() {
    const video = this.#video;
    return {
      atMs: performance.now(),
      mediaSeconds: video.currentTime,
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
      droppedFrames: video.getVideoPlaybackQuality().droppedVideoFrames,
      readyState: video.readyState,
      width: video.videoWidth,
      height: video.videoHeight,
      isEnded: video.ended,
      events: this.#events,
      // From the frame's making to its showing: nobody's opinion but the picture's.
      pictureDelaySeconds: median(this.#pictureDelays),
    };
  }

  #readClock() {
    const { epochMs, bits } = this.#clock;
    const canvas = new OffscreenCanvas(bits, 1);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const read = () => {
      // One pixel a column, from the middle of the stripe.
      const { videoWidth } = this.#video;
      context.imageSmoothingEnabled = false;
      context.drawImage(this.#video, 0, 16, videoWidth, 8, 0, 0, bits, 1);
      const { data } = context.getImageData(0, 0, bits, 1);
      let shownMs = 0;
      for (let bit = 0; bit < bits; bit++) if (data[bit * 4] > 128) shownMs += 2 ** bit;
      const cycleMs = 2 ** bits;
      const nowMs = (Date.now() - epochMs) % cycleMs;
      this.#pictureDelays.push(((nowMs - shownMs + cycleMs) % cycleMs) / 1000);
      if (this.#pictureDelays.length > 60) this.#pictureDelays.shift();
      this.#video.requestVideoFrameCallback(read);
    };
    this.#video.requestVideoFrameCallback(read);
  }
};

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
