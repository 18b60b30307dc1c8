/** Seconds from the beginning of the stream to the end of the newest part that a media playlist lists. */
export function endOf(text) {
  let seconds = Number(/ELAPSED-SECS:([\d.]+)/.exec(text)?.[1] ?? 0);
  let open = 0;
  for (const [, part, segment] of text.matchAll(
    /#EXT-X-PART:.*?DURATION=([\d.]+)|#EXTINF:([\d.]+)/g,
  )) {
    if (part !== undefined) open += Number(part);
    else {
      seconds += Number(segment);
      open = 0;
    }
  }
  return seconds + open;
}
