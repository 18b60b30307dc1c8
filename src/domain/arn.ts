import type { Tenant } from './tenant.ts';

export const RESOURCE_TYPES = [
  'channel',
  'stream-key',
  'playback-key',
  'recording-configuration',
  'playback-restriction-policy',
  'ad-configuration',
] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

export interface Arn extends Tenant {
  readonly type: ResourceType;
  readonly id: string;
}

const ARN = /^arn:aws:ivs:([a-z0-9-]+):([0-9]+):([a-z-]+)\/([a-zA-Z0-9-]+)$/;

export function formatArn({ region, accountId, type, id }: Arn): string {
  return `arn:aws:ivs:${region}:${accountId}:${type}/${id}`;
}

/** `undefined` where the text is not the ARN of an IVS resource. */
export function parseArn(text: string): Arn | undefined {
  const [, region, accountId, type, id] = ARN.exec(text) ?? [];
  if (!region || !accountId || !id || !isResourceType(type)) return undefined;
  return { region, accountId, type, id };
}

const MEDIA_TAILOR_ARN =
  /^arn:aws:mediatailor:([a-z0-9-]+):([0-9]+):playbackConfiguration\/[a-zA-Z0-9-]+$/;

/** Whose MediaTailor playback configuration it is; `undefined` where the text is not the ARN of one. */
export function parseMediaTailorArn(text: string): Tenant | undefined {
  const [, region, accountId] = MEDIA_TAILOR_ARN.exec(text) ?? [];
  return region && accountId ? { region, accountId } : undefined;
}

function isResourceType(type: string | undefined): type is ResourceType {
  return RESOURCE_TYPES.includes(type as ResourceType);
}
