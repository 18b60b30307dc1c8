import type { Needs } from '../context.ts';
import { requireResource } from '../lookup.ts';
import { operation } from '../operation.ts';
import { playbackKeyPairView } from '../playback-key-pair-view.ts';
import { resourceArn } from '../shapes/common.ts';
import { playbackKeyPair } from '../shapes/playback-key-pair.ts';
import { structure } from '../shapes/vocabulary.ts';

export const getPlaybackKeyPair = operation({
  name: 'GetPlaybackKeyPair',
  method: 'POST',
  uri: '/GetPlaybackKeyPair',
  status: 200,
  input: structure({ arn: resourceArn('playback-key') }),
  output: structure({ keyPair: playbackKeyPair }),
  errors: ['AccessDeniedException', 'ResourceNotFoundException', 'ValidationException'],
  async run({ arn }, context: Needs<'tenant' | 'store'>) {
    const record = await requireResource(arn, context.store.playbackKeyPairs, context);
    return { keyPair: playbackKeyPairView(record) };
  },
});
