/** "Default: your account quota or 100, whichever is less." */
export function defaultPageSize(quota: number): number {
  return Math.max(1, Math.min(quota, 100));
}
