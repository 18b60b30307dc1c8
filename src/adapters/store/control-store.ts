import type { ControlStore } from '../../control/ports.ts';
import { adBreakRecords } from './ad-break-records.ts';
import { adConfigurationKind } from './ad-configuration-records.ts';
import { channelRecords } from './channel-records.ts';
import type { Database } from './database.ts';
import type { EventWriter } from './outbox.ts';
import { playbackKeyPairKind } from './playback-key-pair-records.ts';
import { playbackRestrictionPolicyKind } from './playback-restriction-policy-records.ts';
import {
  creatingRecordingConfigurations,
  recordingConfigurationKind,
} from './recording-configuration-records.ts';
import { resourceRecords } from './resource-records.ts';
import { resourceTags } from './resource-tags.ts';
import { sessionHistory } from './session-history.ts';
import { streamKeyRecords } from './stream-key-records.ts';
import { viewerSessionRevocations } from './viewer-session-revocation-records.ts';

/** The API's records in SQL; only what SQLite and PostgreSQL share is used. A file for each kind of resource. */
export function sqlControlStore(database: Database, outbox: EventWriter): ControlStore {
  return {
    ...channelRecords(database),
    ...streamKeyRecords(database),
    playbackKeyPairs: resourceRecords(database, playbackKeyPairKind),
    playbackRestrictionPolicies: resourceRecords(database, playbackRestrictionPolicyKind),
    recordingConfigurations: resourceRecords(database, recordingConfigurationKind),
    ...creatingRecordingConfigurations(database),
    adConfigurations: resourceRecords(database, adConfigurationKind),
    ...adBreakRecords(database, outbox),
    ...viewerSessionRevocations(database),
    ...resourceTags(database),
    ...sessionHistory(database),
  };
}
