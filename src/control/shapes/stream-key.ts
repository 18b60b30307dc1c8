import { resourceArn, tags } from './common.ts';
import { structure, text } from './vocabulary.ts';

export const streamKey = structure({
  arn: resourceArn('stream-key'),
  value: text(),
  channelArn: resourceArn('channel'),
  tags: tags(),
});

export const streamKeySummary = structure({
  arn: resourceArn('stream-key'),
  channelArn: resourceArn('channel'),
  tags: tags(),
});
