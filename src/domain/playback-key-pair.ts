import type { Tags } from './channel.ts';
import type { Tenant } from './tenant.ts';

/** The public half of a key whose private half signs playback tokens; IVS calls it a pair. */
export interface PlaybackKeyPairRecord extends Tenant {
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  /** PEM of the SubjectPublicKeyInfo, in the one form that `parsePlaybackPublicKey` gives to every key. */
  readonly publicKeyPem: string;
  /** MD5 of the DER of the same, as pairs of hex digits: `98:0d:1a:…`. */
  readonly fingerprint: string;
  readonly tags: Tags;
  readonly createdAtMs: number;
}
