import type { PlaybackRecords, UsedToken } from '../../delivery/ports.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { type Database, inWriteTransaction } from './database.ts';
import { playbackRestrictionPolicyKind } from './playback-restriction-policy-records.ts';
import { resourceRecords } from './resource-records.ts';
import { viewerSessionRevocations } from './viewer-session-revocation-records.ts';

export interface SqlPlaybackRecords extends PlaybackRecords {
  /** Forgets used tokens that can't be used again anyway. */
  deleteTokensExpiredBefore(beforeMs: number): Promise<void>;
}

/** What delivery asks when a playback starts. A write that was acknowledged is seen by the next read. */
export function sqlPlaybackRecords(database: Database): SqlPlaybackRecords {
  const policies = resourceRecords(database, playbackRestrictionPolicyKind);
  const revocations = viewerSessionRevocations(database);
  return {
    async publicKeys({ accountId, region }: Tenant) {
      const rows = await database.reads
        .selectFrom('playback_key_pair')
        .select('public_key_pem')
        .where('account_id', '=', accountId)
        .where('region', '=', region)
        .orderBy('created_at_ms')
        .execute();
      return rows.map((row) => row.public_key_pem);
    },

    restrictionPolicy: (arn) => policies.get(arn),

    async revokedVersion(channelArn, viewerId) {
      const revocation = await revocations.getViewerSessionRevocation(channelArn, viewerId);
      return revocation?.versionsThrough;
    },

    /** Of two at once, one gets it: the primary key decides. */
    useToken({ channelArn, uuid, expiresAtMs }: UsedToken) {
      return inWriteTransaction(database, async (transaction) => {
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('used_playback_token')
          .values({ channel_arn: channelArn, uuid, expires_at_ms: Math.ceil(expiresAtMs) })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        return numInsertedOrUpdatedRows === 1n;
      });
    },

    async deleteTokensExpiredBefore(beforeMs) {
      await database.writes
        .deleteFrom('used_playback_token')
        .where('expires_at_ms', '<', beforeMs)
        .execute();
    },
  };
}
