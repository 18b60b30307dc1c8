/**
 * Calls a second that IVS lets an account make in a region, by operation. PutMetadata's and InsertAdBreak's are elsewhere: they
 * hold whatever an operator chooses. UpdateAdConfiguration is not on the page, and has the rate of its family.
 * Source: https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/service-quotas.html
 */
export const IVS_CALLS_PER_SECOND: Readonly<Record<string, number>> = {
  BatchGetChannel: 5,
  CreateChannel: 5,
  DeleteChannel: 5,
  GetChannel: 5,
  ListChannels: 5,
  UpdateChannel: 5,

  CreatePlaybackRestrictionPolicy: 5,
  DeletePlaybackRestrictionPolicy: 5,
  GetPlaybackRestrictionPolicy: 5,
  ListPlaybackRestrictionPolicies: 5,
  UpdatePlaybackRestrictionPolicy: 5,

  BatchGetStreamKey: 5,
  CreateStreamKey: 5,
  DeleteStreamKey: 5,
  GetStreamKey: 5,
  ListStreamKeys: 5,

  GetStream: 5,
  GetStreamSession: 5,
  ListStreams: 5,
  ListStreamSessions: 5,
  StopStream: 5,

  ImportPlaybackKeyPair: 3,
  GetPlaybackKeyPair: 3,
  ListPlaybackKeyPairs: 3,
  DeletePlaybackKeyPair: 3,

  CreateRecordingConfiguration: 3,
  GetRecordingConfiguration: 3,
  ListRecordingConfigurations: 3,
  DeleteRecordingConfiguration: 3,

  CreateAdConfiguration: 3,
  GetAdConfiguration: 3,
  ListAdConfigurations: 3,
  DeleteAdConfiguration: 3,
  UpdateAdConfiguration: 3,

  StartViewerSessionRevocation: 10,
  BatchStartViewerSessionRevocation: 2,

  TagResource: 10,
  UntagResource: 10,
  ListTagsForResource: 10,
};
