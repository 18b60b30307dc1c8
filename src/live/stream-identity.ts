import type { ChannelRecord } from '../domain/channel.ts';
import { hasAudioOnlyInLadder } from '../domain/ladder.ts';

export interface StreamIdentityOptions {
  readonly channel: ChannelRecord;
  readonly streamId: string;
  readonly playbackId: string;
  readonly boundPlaybackId: string;
}

/** What a stream is from its beginning to its end: its ids, and its channel, which can't be updated while it is live. */
export class StreamIdentity {
  readonly channel: ChannelRecord;
  readonly streamId: string;
  readonly playbackId: string;
  readonly boundPlaybackId: string;

  constructor(options: StreamIdentityOptions) {
    this.channel = options.channel;
    this.streamId = options.streamId;
    this.playbackId = options.playbackId;
    this.boundPlaybackId = options.boundPlaybackId;
  }

  get accountId(): string {
    return this.channel.accountId;
  }

  get region(): string {
    return this.channel.region;
  }

  get channelArn(): string {
    return this.channel.arn;
  }

  get channelId(): string {
    return this.channel.id;
  }

  get latencyMode(): ChannelRecord['latencyMode'] {
    return this.channel.latencyMode;
  }

  get requiresAuthorization(): boolean {
    return this.channel.authorized;
  }

  get playbackRestrictionPolicyArn(): string {
    return this.channel.playbackRestrictionPolicyArn;
  }

  get hasAudioOnly(): boolean {
    return hasAudioOnlyInLadder(this.channel);
  }
}
