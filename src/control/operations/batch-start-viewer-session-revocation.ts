import { isOwnArn } from '../../domain/access.ts';
import type { ViewerSessionRevocation } from '../../domain/viewer-session-revocation.ts';
import type { Needs } from '../context.ts';
import { deniedInBatch, notFound } from '../lookup.ts';
import { operation } from '../operation.ts';
import { revocationError, viewerSession } from '../shapes/viewer-session.ts';
import { list, structure } from '../shapes/vocabulary.ts';

export const batchStartViewerSessionRevocation = operation({
  name: 'BatchStartViewerSessionRevocation',
  method: 'POST',
  uri: '/BatchStartViewerSessionRevocation',
  status: 200,
  input: structure({
    viewerSessions: list(structure(viewerSession), { minCount: 1, maxCount: 20 }),
  }),
  output: structure({ errors: list(structure(revocationError)) }),
  errors: [
    'AccessDeniedException',
    'PendingVerification',
    'ThrottlingException',
    'ValidationException',
  ],
  async run(
    { viewerSessions },
    { tenant, store, live, deniedArns }: Needs<'tenant' | 'store' | 'live' | 'deniedArns'>,
  ) {
    const revocations = viewerSessions.map(
      ({ viewerSessionVersionsLessThanOrEqualTo = 0, ...session }): ViewerSessionRevocation => ({
        ...session,
        versionsThrough: viewerSessionVersionsLessThanOrEqualTo,
      }),
    );
    const taken = revocations.filter(
      ({ channelArn }) => isOwnArn(channelArn, tenant) && !deniedArns.has(channelArn),
    );
    const refused = new Set(await store.revokeViewerSessions(taken));
    for (const revocation of taken) if (!refused.has(revocation)) live.cutViewer(revocation);
    const errors = revocations
      .filter((revocation) => refused.has(revocation) || !taken.includes(revocation))
      .map(({ channelArn, viewerId }) => {
        const { status, message } = deniedArns.has(channelArn)
          ? deniedInBatch
          : notFound(channelArn);
        // Here codes are statuses: the API reference shows `"code": "403"`.
        return { channelArn, viewerId, code: String(status), message };
      });
    return { errors };
  },
});
