/** Whose resources: every row and every ARN carries both. The region is the one the caller signed for. */
export interface Tenant {
  readonly accountId: string;
  readonly region: string;
}
