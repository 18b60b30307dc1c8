import type { RenditionDescription } from '../packaging/rendition.ts';
import type { SessionData } from '../protocols/hls/multivariant-playlist.ts';
import { qualityName } from './quality-name.ts';

/**
 * The renditions that a viewer may not have, as IVS's session data names them: base64 of a JSON array, which its player reads
 * as unavailable qualities.
 */
export function unavailableMedia(withheld: readonly RenditionDescription[]): SessionData {
  const renditions = withheld.map((rendition) => ({
    IVS_NAME: qualityName(rendition),
    NAME: qualityName(rendition),
    'GROUP-ID': rendition.name,
    'STABLE-VARIANT-ID': rendition.name,
    BANDWIDTH: rendition.bandwidthBps,
    CODECS: rendition.codecs,
    ...(rendition.picture && {
      RESOLUTION: `${rendition.picture.width}x${rendition.picture.height}`,
      'FRAME-RATE': rendition.picture.framesPerSecond,
    }),
    FILTER_REASONS: [],
    AUTHORIZATION_REASONS: ['AUTHZ_MAXIMUM_RESOLUTION'],
  }));
  return {
    dataId: 'com.amazon.ivs.unavailable-media',
    value: Buffer.from(JSON.stringify(renditions)).toString('base64'),
  };
}
