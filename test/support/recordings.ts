import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import {
  CreateRecordingConfigurationCommand,
  type CreateRecordingConfigurationCommandInput,
  GetRecordingConfigurationCommand,
} from '@aws-sdk/client-ivs';
import { verifyRecording } from '../../scripts/verify-recording/recording.ts';
import type { IvoryAccess } from './ivory.ts';
import { until } from './until.ts';

export const BUCKET = 'test-recordings';

/** A recording configuration that can be used; its ARN. */
export async function createRecordingConfiguration(
  ivory: IvoryAccess,
  input: Partial<CreateRecordingConfigurationCommandInput> = {},
): Promise<string> {
  const { recordingConfiguration } = await ivory.ivs.send(
    new CreateRecordingConfigurationCommand({
      destinationConfiguration: { s3: { bucketName: BUCKET } },
      ...input,
    }),
  );
  const arn = recordingConfiguration!.arn!;
  const state = async () => {
    const found = await ivory.ivs.send(new GetRecordingConfigurationCommand({ arn }));
    return found.recordingConfiguration?.state === 'ACTIVE';
  };
  await until('the recording configuration to be ACTIVE', state, { timeoutMs: 10_000 });
  return arn;
}

/** Directories of the recordings of a channel, oldest first. */
export async function recordingsOf(buckets: string, channelArn: string): Promise<string[]> {
  const entries = await readdir(buckets, { recursive: true }).catch(() => []);
  const channelId = channelArn.split('/').at(-1)!;
  return entries
    .filter((entry) => entry.includes(`/${channelId}/`))
    .filter((entry) => entry.endsWith('/events/recording-started.json'))
    .map((entry) => path.join(buckets, path.dirname(path.dirname(entry))))
    .toSorted();
}

export async function untilEvent(
  ivory: IvoryAccess,
  channelArn: string,
  name: string,
  { streamId, timeoutMs = 20_000 }: { streamId?: string; timeoutMs?: number } = {},
): Promise<void> {
  const isThere = async () => (await ivory.eventNames(channelArn, streamId)).includes(name);
  await until(`the event ${name}`, isThere, { timeoutMs });
}

export async function assertVerifies(directory: string): Promise<void> {
  const { problems } = await verifyRecording(directory);
  assert.deepEqual(problems, [], directory);
}
