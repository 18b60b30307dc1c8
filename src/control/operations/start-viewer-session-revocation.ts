import { isOwnArn } from '../../domain/access.ts';
import type { Needs } from '../context.ts';
import { notFound } from '../lookup.ts';
import { operation } from '../operation.ts';
import { viewerSession } from '../shapes/viewer-session.ts';
import { structure } from '../shapes/vocabulary.ts';

export const startViewerSessionRevocation = operation({
  name: 'StartViewerSessionRevocation',
  method: 'POST',
  uri: '/StartViewerSessionRevocation',
  status: 200,
  input: structure(viewerSession),
  output: structure({}),
  errors: [
    'AccessDeniedException',
    'InternalServerException',
    'PendingVerification',
    'ResourceNotFoundException',
    'ThrottlingException',
    'ValidationException',
  ],
  async run(
    { channelArn, viewerId, viewerSessionVersionsLessThanOrEqualTo: versionsThrough = 0 },
    { tenant, store, live }: Needs<'tenant' | 'store' | 'live'>,
  ) {
    if (!isOwnArn(channelArn, tenant)) throw notFound(channelArn);
    const revocation = { channelArn, viewerId, versionsThrough };
    const [refused] = await store.revokeViewerSessions([revocation]);
    if (refused) throw notFound(channelArn);
    live.cutViewer(revocation);
    return {};
  },
});
