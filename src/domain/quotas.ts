/**
 * How much a tenant may have. Source:
 * https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/service-quotas.html
 */
export interface Quotas {
  readonly channels: number;
  readonly playbackKeyPairs: number;
  readonly playbackRestrictionPolicies: number;
  readonly recordingConfigurations: number;
  readonly adConfigurations: number;
  /** On air at the same time in a region, over all channels. */
  readonly concurrentStreams: number;
  /** Viewers of all its streams together. */
  readonly concurrentViews: number;
}

export const IVS_QUOTAS: Quotas = {
  channels: 5000,
  playbackKeyPairs: 3,
  playbackRestrictionPolicies: 3,
  recordingConfigurations: 20,
  adConfigurations: 20,
  concurrentStreams: 100,
  concurrentViews: 15_000,
};
