import { ApiError } from '../../domain/errors.ts';
import type { PlaybackKeyPairRecord } from '../../domain/playback-key-pair.ts';
import type { Needs } from '../context.ts';
import { newResource } from '../new-resource.ts';
import { operation } from '../operation.ts';
import { playbackKeyPairView } from '../playback-key-pair-view.ts';
import { parsePlaybackPublicKey } from '../playback-public-key.ts';
import { quotaExceeded } from '../quota-exceeded.ts';
import { resourceName, tags } from '../shapes/common.ts';
import { playbackKeyPair } from '../shapes/playback-key-pair.ts';
import { optional, structure, text } from '../shapes/vocabulary.ts';

export const importPlaybackKeyPair = operation({
  name: 'ImportPlaybackKeyPair',
  method: 'POST',
  uri: '/ImportPlaybackKeyPair',
  status: 200,
  input: structure({
    publicKeyMaterial: text(),
    name: optional(resourceName()),
    tags: optional(tags()),
  }),
  output: structure({ keyPair: playbackKeyPair }),
  errors: [
    'AccessDeniedException',
    'ConflictException',
    'PendingVerification',
    'ServiceQuotaExceededException',
    'ValidationException',
  ],
  async run(
    { publicKeyMaterial, name = '', tags = {} },
    context: Needs<'tenant' | 'store' | 'random' | 'clock' | 'quotas'>,
  ) {
    const { store, quotas } = context;
    const record: PlaybackKeyPairRecord = {
      ...newResource('playback-key', tags, context),
      ...parsePlaybackPublicKey(publicKeyMaterial),
      name,
    };
    const outcome = await store.playbackKeyPairs.create(record, quotas.playbackKeyPairs);
    switch (outcome) {
      case 'created':
        return { keyPair: playbackKeyPairView(record) };
      case 'already-exists':
        throw new ApiError(
          'ConflictException',
          `The public key with fingerprint ${record.fingerprint} has been imported already`,
        );
      case 'quota-exceeded':
        throw quotaExceeded(quotas.playbackKeyPairs, 'playback key pairs');
    }
  },
});
