import type { RandomBytes } from '../domain/identifiers.ts';
import type { Quotas } from '../domain/quotas.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { Clock } from '../lib/clock.ts';
import type { DeniedArns } from './authorization.ts';
import type { CallRates } from './call-rates.ts';
import type { Endpoints } from './channel-view.ts';
import type { PageTokens } from './pagination.ts';
import type { ControlStore, LiveControl } from './ports.ts';
import type { RecordingDestinations } from './recording-destinations.ts';

/** What operations work with. Each names the part it needs: `Needs<'store' | 'tenant'>`. */
export interface ControlContext {
  /** Whose resources the request is about. */
  readonly tenant: Tenant;
  /** Of a batch: answered as an error of their own. */
  readonly deniedArns: DeniedArns;
  readonly store: ControlStore;
  readonly live: LiveControl;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly endpoints: Endpoints;
  readonly quotas: Quotas;
  readonly callRates: CallRates;
  readonly pageTokens: PageTokens;
  readonly recordingDestinations: Pick<RecordingDestinations, 'check'>;
}

export type Needs<Part extends keyof ControlContext> = Pick<ControlContext, Part>;
