import type { PlaybackKeyPairRecord } from '../../domain/playback-key-pair.ts';
import { type ResourceKind, resourceFromRow, resourceToRow } from './resource-records.ts';

export const playbackKeyPairKind: ResourceKind<PlaybackKeyPairRecord, 'playback_key_pair'> = {
  table: 'playback_key_pair',
  toRow: (keyPair) => ({
    ...resourceToRow(keyPair),
    public_key_pem: keyPair.publicKeyPem,
    fingerprint: keyPair.fingerprint,
  }),
  fromRow: (row) => ({
    ...resourceFromRow(row),
    publicKeyPem: row.public_key_pem,
    fingerprint: row.fingerprint,
  }),
};
