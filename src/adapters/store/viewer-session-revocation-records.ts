import type { ControlStore } from '../../control/ports.ts';
import type { ViewerSessionRevocation } from '../../domain/viewer-session-revocation.ts';
import { lockChannel } from './channel-records.ts';
import { type Database, inWriteTransaction } from './database.ts';

type ViewerSessionRevocations = Pick<
  ControlStore,
  'revokeViewerSessions' | 'getViewerSessionRevocation'
>;

export function viewerSessionRevocations(database: Database): ViewerSessionRevocations {
  return {
    revokeViewerSessions(revocations) {
      return inWriteTransaction(database, async (transaction) => {
        const refused: ViewerSessionRevocation[] = [];
        // In one order, so that two batches can't wait for each other's channels.
        const byChannel = revocations.toSorted((a, b) => (a.channelArn < b.channelArn ? -1 : 1));
        for (const revocation of byChannel) {
          const { channelArn, viewerId, versionsThrough } = revocation;
          if (!(await lockChannel(transaction, channelArn))) {
            refused.push(revocation);
            continue;
          }
          await transaction
            .insertInto('viewer_session_revocation')
            .values({
              channel_arn: channelArn,
              viewer_id: viewerId,
              versions_through: versionsThrough,
            })
            .onConflict((conflict) =>
              conflict
                .columns(['channel_arn', 'viewer_id'])
                .doUpdateSet(({ ref }) => ({ versions_through: ref('excluded.versions_through') }))
                .whereRef(
                  'excluded.versions_through',
                  '>',
                  'viewer_session_revocation.versions_through',
                ),
            )
            .execute();
        }
        return refused;
      });
    },

    async getViewerSessionRevocation(channelArn, viewerId) {
      const row = await database.reads
        .selectFrom('viewer_session_revocation')
        .select('versions_through')
        .where('channel_arn', '=', channelArn)
        .where('viewer_id', '=', viewerId)
        .executeTakeFirst();
      return row && { channelArn, viewerId, versionsThrough: row.versions_through };
    },
  };
}
