import type { Tenant } from '../domain/tenant.ts';
import type { MediaExtension } from '../packaging/part-container.ts';

/** What a playback URL names. `undefined` from the parser means that no resource can have that path. */
export type PlaybackPath =
  | ({ readonly kind: 'multivariant'; readonly channelId: string } & Tenant)
  | (InRendition & { readonly kind: 'playlist' })
  | (InRendition & { readonly kind: 'init'; readonly generation: number })
  | (InRendition & MediaFile & { readonly kind: 'segment' })
  | (InRendition & MediaFile & { readonly kind: 'part'; readonly index: number })
  | (OfStream & { readonly kind: 'thumbnail' });

interface OfStream {
  readonly playbackId: string;
  /** Where the path has one: below a stream's `boundPlaybackId`, whose media is for one session each. */
  readonly boundSessionId?: string;
}

interface InRendition extends OfStream {
  readonly rendition: string;
}

interface MediaFile {
  readonly msn: number;
  readonly extension: MediaExtension;
}

export const MULTIVARIANT_ROOT = '/api/video/v1/';
export const LIVE_ROOT = '/live/';

const MULTIVARIANT =
  /^\/api\/video\/v1\/([a-z][a-z0-9-]{1,31})\.([0-9]{12})\.channel\.([A-Za-z0-9]{1,32})\.m3u8$/;
const LIVE =
  /^\/live\/([A-Za-z0-9_-]{1,64})\/(?:([A-Za-z0-9_-]{44,6000})\/)?([A-Za-z0-9_-]{1,32})\/([a-z0-9.-]{1,40})$/;
const INIT = /^init-(0|[1-9][0-9]{0,8})\.mp4$/;
/** No leading zeros: a resource has one URL, and a cache in front of us one entry for it. */
const SEGMENT_OR_PART = /^(0|[1-9][0-9]{0,8})(?:\.(0|[1-9][0-9]{0,3}))?\.(m4s|ts)$/;
const THUMBNAIL = /^\/live\/([A-Za-z0-9_-]{1,64})\/(?:([A-Za-z0-9_-]{44,6000})\/)?thumb\.jpg$/;

/**
 * Reads the path of a playback URL. The paths are made of letters, digits and `.-_/` only, so whatever is percent-encoded,
 * has dot segments or empty segments in it names nothing.
 */
export function parsePlaybackPath(path: string): PlaybackPath | undefined {
  const live = LIVE.exec(path);
  if (live) {
    const [, playbackId = '', boundSessionId, rendition = '', file = ''] = live;
    return parseLiveFile(
      { playbackId, rendition, ...(boundSessionId && { boundSessionId }) },
      file,
    );
  }
  const thumbnail = THUMBNAIL.exec(path);
  if (thumbnail) {
    const [, playbackId = '', boundSessionId] = thumbnail;
    return { kind: 'thumbnail', playbackId, ...(boundSessionId && { boundSessionId }) };
  }
  const multivariant = MULTIVARIANT.exec(path);
  if (!multivariant) return undefined;
  const [, region = '', accountId = '', channelId = ''] = multivariant;
  return { kind: 'multivariant', region, accountId, channelId };
}

function parseLiveFile(inRendition: InRendition, file: string): PlaybackPath | undefined {
  if (file === 'playlist.m3u8') return { kind: 'playlist', ...inRendition };
  const media = SEGMENT_OR_PART.exec(file);
  if (media) {
    const msn = Number(media[1]);
    const extension = media[3] === 'ts' ? 'ts' : 'm4s';
    return media[2] === undefined
      ? { kind: 'segment', ...inRendition, msn, extension }
      : { kind: 'part', ...inRendition, msn, extension, index: Number(media[2]) };
  }
  const init = INIT.exec(file);
  if (!init) return undefined;
  return { kind: 'init', ...inRendition, generation: Number(init[1]) };
}

/**
 * A viewer's media playlist. Absolute: the IVS player resolves relative variant URIs against the URL before redirects. What
 * the playlist lists is relative to it, so that the media of a bound session has its id in the path as well.
 */
export function playlistUrl(
  baseUrl: string,
  stream: { readonly playbackId: string; readonly boundPlaybackId: string },
  rendition: string,
  session: { readonly id: string; readonly isBound: boolean },
): string {
  return session.isBound
    ? `${baseUrl}${LIVE_ROOT}${stream.boundPlaybackId}/${session.id}/${rendition}/playlist.m3u8`
    : `${baseUrl}${LIVE_ROOT}${stream.playbackId}/${rendition}/playlist.m3u8?s=${session.id}`;
}

/** The playback URL of a channel, below the base URL; the path that IVS itself uses. */
export function multivariantPath({
  region,
  accountId,
  channelId,
}: Tenant & {
  readonly channelId: string;
}): string {
  return `${MULTIVARIANT_ROOT}${region}.${accountId}.channel.${channelId}.m3u8`;
}
