/** The media of each rendition that is listed now, from its init segment on; the best rendition first. */
export async function fetchRenditions(playbackUrl: string): Promise<Buffer[]> {
  const playlists = listed(await text(playbackUrl), playbackUrl);
  return Promise.all(
    playlists.map(async (url) => {
      const playlist = await text(url);
      const init = /#EXT-X-MAP:URI="([^"]+)"/.exec(playlist)?.[1];
      const uris = [...(init ? [new URL(init, url).href] : []), ...listed(playlist, url)];
      return Buffer.concat(await Promise.all(uris.map(bytes)));
    }),
  );
}

const text = async (url: string) => (await fetch(url)).text();

const bytes = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer());

function listed(playlist: string, url: string): string[] {
  return playlist
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => new URL(line, url).href);
}
