import { ApiError } from '../domain/errors.ts';

/** `things`: what there can't be more of, in the plural. */
export const quotaExceeded = (quota: number, things: string): ApiError =>
  new ApiError(
    'ServiceQuotaExceededException',
    `Cannot create more ${things}: the quota of ${quota} is reached`,
  );
