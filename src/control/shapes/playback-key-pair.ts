import { resourceArn, resourceName, tags } from './common.ts';
import { structure, text } from './vocabulary.ts';

const summary = { arn: resourceArn('playback-key'), name: resourceName(), tags: tags() };

export const playbackKeyPairSummary = structure(summary);

export const playbackKeyPair = structure({ ...summary, fingerprint: text() });
