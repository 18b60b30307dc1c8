import { STREAM_HEALTHS } from '../../domain/stream-session.ts';
import { resourceArn } from './common.ts';
import { choice, integer, structure, text, timestamp } from './vocabulary.ts';

export const streamId = () => text({ minLength: 26, maxLength: 26, pattern: /^st-[a-zA-Z0-9]+$/ });

export const streamHealth = () => choice(STREAM_HEALTHS);

const summary = {
  channelArn: resourceArn('channel'),
  streamId: streamId(),
  startTime: timestamp(),
  state: choice(['LIVE', 'OFFLINE']),
  health: streamHealth(),
  viewerCount: integer(),
};

export const streamSummary = structure(summary);

export const stream = structure({ ...summary, playbackUrl: text() });
