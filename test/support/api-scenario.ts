/** One call of a scenario that every client of the API can run. */
export interface ApiCall {
  readonly operation: string;
  /** A text that begins with `$` stands for what was saved under that name. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Members of the output to keep, as paths: `{ channel: 'channel.arn' }`. */
  readonly save?: Readonly<Record<string, string>>;
  /** Again and again until the output has this value there. */
  readonly until?: readonly [path: string, value: unknown];
  /** The stream key `$streamKeyValue` must be on air before this. */
  readonly isLive?: true;
}

const MEDIA_TAILOR = 'arn:aws:mediatailor:us-west-2:123456789012:playbackConfiguration';

/**
 * Every operation of the API, each at least once and in an order in which all of them succeed. Needs `$publicKey`, the PEM of a
 * P-384 public key; account 123456789012 and region us-west-2.
 */
export const API_SCENARIO: readonly ApiCall[] = [
  {
    operation: 'ImportPlaybackKeyPair',
    input: { publicKeyMaterial: '$publicKey', name: 'front', tags: { team: 'ivory' } },
    save: { keyPair: 'keyPair.arn' },
  },
  { operation: 'GetPlaybackKeyPair', input: { arn: '$keyPair' } },
  { operation: 'ListPlaybackKeyPairs', input: { maxResults: 10 } },
  {
    operation: 'CreatePlaybackRestrictionPolicy',
    input: { allowedCountries: ['CH'], allowedOrigins: ['https://*.example.com'], name: 'dach' },
    save: { policy: 'playbackRestrictionPolicy.arn' },
  },
  { operation: 'GetPlaybackRestrictionPolicy', input: { arn: '$policy' } },
  {
    operation: 'UpdatePlaybackRestrictionPolicy',
    input: { arn: '$policy', allowedCountries: [], enableStrictOriginEnforcement: true },
  },
  { operation: 'ListPlaybackRestrictionPolicies', input: {} },
  {
    operation: 'CreateRecordingConfiguration',
    input: {
      name: 'vod',
      destinationConfiguration: { s3: { bucketName: 'recordings' } },
      thumbnailConfiguration: { recordingMode: 'INTERVAL', targetIntervalSeconds: 5 },
      recordingReconnectWindowSeconds: 60,
      renditionConfiguration: { renditionSelection: 'CUSTOM', renditions: ['HD'] },
    },
    save: { recording: 'recordingConfiguration.arn' },
  },
  {
    operation: 'GetRecordingConfiguration',
    input: { arn: '$recording' },
    until: ['recordingConfiguration.state', 'ACTIVE'],
  },
  { operation: 'ListRecordingConfigurations', input: {} },
  {
    operation: 'CreateAdConfiguration',
    input: {
      name: 'ads',
      mediaTailorPlaybackConfigurations: [{ playbackConfigurationArn: `${MEDIA_TAILOR}/a` }],
      postRollConfiguration: { enabled: true, durationSeconds: 30 },
    },
    save: { ads: 'adConfiguration.arn' },
  },
  { operation: 'GetAdConfiguration', input: { arn: '$ads' } },
  { operation: 'UpdateAdConfiguration', input: { arn: '$ads', name: 'advertisements' } },
  { operation: 'ListAdConfigurations', input: {} },
  {
    operation: 'CreateChannel',
    input: {
      name: 'scenario',
      type: 'BASIC',
      insecureIngest: true,
      recordingConfigurationArn: '$recording',
      playbackRestrictionPolicyArn: '$policy',
      adConfigurationArn: '$ads',
      tags: { team: 'ivory' },
    },
    save: { channel: 'channel.arn', firstStreamKey: 'streamKey.arn' },
  },
  { operation: 'GetChannel', input: { arn: '$channel' } },
  { operation: 'BatchGetChannel', input: { arns: ['$channel'] } },
  { operation: 'ListChannels', input: { filterByName: 'scenario' } },
  { operation: 'UpdateChannel', input: { arn: '$channel', latencyMode: 'NORMAL' } },
  { operation: 'DeleteStreamKey', input: { arn: '$firstStreamKey' } },
  {
    operation: 'CreateStreamKey',
    input: { channelArn: '$channel' },
    save: { streamKey: 'streamKey.arn', streamKeyValue: 'streamKey.value' },
  },
  { operation: 'GetStreamKey', input: { arn: '$streamKey' } },
  { operation: 'BatchGetStreamKey', input: { arns: ['$streamKey'] } },
  { operation: 'ListStreamKeys', input: { channelArn: '$channel' } },
  {
    operation: 'StartViewerSessionRevocation',
    input: { channelArn: '$channel', viewerId: 'viewer' },
  },
  {
    operation: 'BatchStartViewerSessionRevocation',
    input: {
      viewerSessions: [
        { channelArn: '$channel', viewerId: 'a', viewerSessionVersionsLessThanOrEqualTo: 3 },
      ],
    },
  },
  {
    operation: 'GetStream',
    input: { channelArn: '$channel' },
    until: ['stream.state', 'LIVE'],
    isLive: true,
  },
  { operation: 'ListStreams', input: {} },
  { operation: 'ListStreamSessions', input: { channelArn: '$channel' } },
  { operation: 'GetStreamSession', input: { channelArn: '$channel' } },
  { operation: 'PutMetadata', input: { channelArn: '$channel', metadata: '{"goal":1}' } },
  { operation: 'InsertAdBreak', input: { channelArn: '$channel', durationSeconds: 30 } },
  { operation: 'StopStream', input: { channelArn: '$channel' } },
  { operation: 'TagResource', input: { resourceArn: '$channel', tags: { 'a b': 'c/d' } } },
  { operation: 'UntagResource', input: { resourceArn: '$channel', tagKeys: ['a b', 'none'] } },
  { operation: 'ListTagsForResource', input: { resourceArn: '$channel' } },
  { operation: 'DeleteChannel', input: { arn: '$channel' } },
  { operation: 'DeleteAdConfiguration', input: { arn: '$ads' } },
  { operation: 'DeleteRecordingConfiguration', input: { arn: '$recording' } },
  { operation: 'DeletePlaybackRestrictionPolicy', input: { arn: '$policy' } },
  { operation: 'DeletePlaybackKeyPair', input: { arn: '$keyPair' } },
];
