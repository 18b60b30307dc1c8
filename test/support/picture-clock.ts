/** Bits of the clock: it starts over after 17 minutes. */
const BITS = 20;

/** Width of the picture that carries the clock; a bit is a column of it. */
const WIDTH = 640;

/** A clock in the picture, which survives every encoder and needs no OCR: what a viewer sees tells when it was made. */
export interface PictureClock {
  /** For `SourceOptions.videoFilter`, with a source of 640 pixels' width. */
  readonly videoFilter: string;
  /** For the page that plays it. */
  readonly reader: PictureClockReader;
}

/** As `video-log.js` takes it. */
export interface PictureClockReader {
  readonly epochMs: number;
  readonly bits: number;
}

/** White and black columns along the upper edge: milliseconds since `epochMs` on this machine's clock, lowest bit first. */
export function pictureClock(framesPerSecond = 30): PictureClock {
  const epochMs = Date.now();
  const width = WIDTH / BITS;
  const columns = Array.from({ length: BITS }, (_, bit) => {
    const isSet = `mod(floor(t*1000/${2 ** bit}),2)`;
    return `drawbox=x=${bit * width}:y=0:w=${width}:h=40:color=white:t=fill:enable='${isSet}'`;
  });
  return {
    reader: { epochMs, bits: BITS },
    videoFilter: [
      `drawbox=x=0:y=0:w=${WIDTH}:h=40:color=black:t=fill`,
      // `enable` sees nothing but the frame's time: it is the wall clock's while the columns are drawn, then the frame's own again.
      `settb=1/1000,setpts=RTCTIME/1000-${epochMs}`,
      ...columns,
      `settb=1/90000,setpts=N*${90_000 / framesPerSecond}`,
    ].join(','),
  };
}
