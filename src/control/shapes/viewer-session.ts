import { resourceArn } from './common.ts';
import { integer, optional, text } from './vocabulary.ts';

const viewerId = () => text({ minLength: 1, maxLength: 40 });

/** Whose sessions are to be revoked. */
export const viewerSession = {
  channelArn: resourceArn('channel'),
  viewerId: viewerId(),
  viewerSessionVersionsLessThanOrEqualTo: optional(integer({ min: 0 })),
};

/** Why one item of a batch was not taken. */
export const revocationError = {
  channelArn: resourceArn('channel'),
  viewerId: viewerId(),
  code: text(),
  message: text(),
};
