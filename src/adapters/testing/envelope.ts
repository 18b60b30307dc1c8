import type { Envelope } from '../../events/envelope.ts';

export const CHANNEL_ARN = 'arn:aws:ivs:us-east-1:123456789012:channel/aAbBcCdDeEfF';

/** An event as targets get it; the name is none that fits into Latin-1. */
export const ENVELOPE: Envelope = {
  version: '0',
  id: '01234567-0123-4123-8123-012345678901',
  'detail-type': 'IVS Stream State Change',
  source: 'aws.ivs',
  account: '123456789012',
  time: '2017-06-12T10:23:43Z',
  region: 'us-east-1',
  resources: [CHANNEL_ARN],
  detail: { event_name: 'Stream Start', channel_name: 'ünïcode 漢', stream_id: 'st-1' },
};
