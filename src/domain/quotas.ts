/**
 * How many resources a tenant may have. Source:
 * https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/service-quotas.html
 */
export interface Quotas {
  readonly channels: number;
}

export const IVS_QUOTAS: Quotas = {
  channels: 5000,
};
