import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { API_SCENARIO } from '../../test/support/api-scenario.ts';
import { ControlApiHarness, CREDENTIALS, REGION } from './testing/control-api-harness.ts';
import { newPlaybackPublicKey } from './testing/playback-public-key.ts';
import { type Served, serve } from './testing/serve.ts';

const run = promisify(execFile);
const home = mkdtempSync(join(tmpdir(), 'ivory-aws-tools-'));
/** Nothing of the machine's own AWS set-up may play a part. */
const env = {
  PATH: process.env['PATH'],
  HOME: home,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_DEFAULT_REGION: REGION,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
};

const BOTO3_SCRIPT = `
import boto3, json, sys
from botocore.exceptions import ClientError
ivs = boto3.client('ivs', endpoint_url=sys.argv[1])
def error_of(call):
    try: call()
    except ClientError as e:
        return [type(e).__name__, e.response['Error']['Code'], e.response['Error']['Message'],
                e.response['ResponseMetadata']['HTTPStatusCode']]
channel = ivs.create_channel(name='boto', tags={'a': '1'})['channel']
arn = channel['arn']
offline = error_of(lambda: ivs.get_stream(channelArn=arn))
ivs.tag_resource(resourceArn=arn, tags={'b c': '2', 'd/e': '3'})
ivs.untag_resource(resourceArn=arn, tagKeys=['a', 'd/e'])
print(json.dumps({
    'arn': arn,
    'offline': offline,
    'second_key': error_of(lambda: ivs.create_stream_key(channelArn=arn)),
    'tags': ivs.list_tags_for_resource(resourceArn=arn)['tags'],
    'names': [c['name'] for page in ivs.get_paginator('list_channels').paginate(PaginationConfig={'PageSize': 1}) for c in page['channels']],
    'deleted': ivs.delete_channel(arn=arn)['ResponseMetadata']['HTTPStatusCode'],
}))
`;

const SCENARIO_SCRIPT = fileURLToPath(new URL('../../test/support/aws-tools.py', import.meta.url));

const hasBoto3 = await works('/usr/bin/python3', ['-c', 'import boto3']);
/** As a library: all its calls in one process take no longer than three commands. */
const hasAwsCliModule = await works('/usr/bin/python3', ['-c', 'import awscli.clidriver']);
const hasAwsCli = await works('aws', ['--version']);

async function works(command: string, args: string[]): Promise<boolean> {
  return run(command, args, { env }).then(
    () => true,
    () => false,
  );
}

describe('the AWS tools of the distribution', () => {
  const api = new ControlApiHarness();
  let served: Served;
  before(async () => {
    served = await serve(api.handler);
  });
  after(async () => {
    await served[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });

  test('boto3, which sends no hash of the body', { skip: !hasBoto3 && 'no boto3' }, async () => {
    await api.createChannel({ name: 'other' });
    const { stdout } = await run('/usr/bin/python3', ['-c', BOTO3_SCRIPT, served.url], { env });
    const { arn, second_key, ...rest } = JSON.parse(stdout);
    assert.deepEqual(rest, {
      offline: [
        'ChannelNotBroadcasting',
        'ChannelNotBroadcasting',
        `Channel: ${arn} is not currently online`,
        404,
      ],
      tags: { 'b c': '2' },
      names: ['other', 'boto'],
      deleted: 204,
    });
    assert.deepEqual([second_key[1], second_key[3]], ['ServiceQuotaExceededException', 402]);
  });

  for (const { tool, isHere } of [
    { tool: 'boto3', isHere: hasBoto3 },
    { tool: 'cli', isHere: hasAwsCliModule },
  ]) {
    test(`${tool}: every operation it knows`, { skip: !isHere && 'not here' }, async () => {
      const world = new ControlApiHarness();
      goLiveWithNewStreamKey(world);
      await using endpoint = await serve(world.handler);
      const running = run('/usr/bin/python3', [SCENARIO_SCRIPT, tool, endpoint.url], { env });
      const saved = { publicKey: newPlaybackPublicKey() };
      running.child.stdin?.end(JSON.stringify({ calls: API_SCENARIO, saved }));
      const { known, outputs } = JSON.parse((await running).stdout);
      assert.ok(known.length >= 28);
      assert.deepEqual(Object.keys(outputs).sort(), [...known].sort());
      assert.equal(outputs.GetRecordingConfiguration.recordingConfiguration.state, 'ACTIVE');
      assert.equal(outputs.GetStream.stream.state, 'LIVE');
      assert.deepEqual(outputs.ListTagsForResource, { tags: { team: 'ivory' } });
      assert.equal(world.live.metadata.length, 1);
      assert.equal(world.store.channels.size, 0);
      assert.equal(world.store.recordingConfigurations.byArn.size, 0);
    });
  }

  test('the AWS CLI', { skip: !hasAwsCli && 'no aws' }, async () => {
    const aws = async (...args: string[]) => {
      const { stdout } = await run('aws', ['--endpoint-url', served.url, 'ivs', ...args], { env });
      return stdout === '' ? undefined : JSON.parse(stdout);
    };
    const { channel } = await aws('create-channel', '--name', 'cli', '--type', 'BASIC');
    const offline = aws('get-stream', '--channel-arn', channel.arn);
    await assert.rejects(offline, {
      stderr: `\nAn error occurred (ChannelNotBroadcasting) when calling the GetStream operation: Channel: ${channel.arn} is not currently online\n`,
    });
    api.live.goLive(channel.arn);
    const { stream } = await aws('get-stream', '--channel-arn', channel.arn);
    assert.deepEqual([stream.state, stream.startTime], ['LIVE', '2026-01-01T12:00:00Z']);
    await aws('tag-resource', '--resource-arn', channel.arn, '--tags', 'a=1,b=2');
    await aws('untag-resource', '--resource-arn', channel.arn, '--tag-keys', 'a', 'c');
    const { tags } = await aws('list-tags-for-resource', '--resource-arn', channel.arn);
    assert.deepEqual(tags, { b: '2' });
    const { channels } = await aws('list-channels', '--filter-by-name', 'cli');
    assert.equal(channels[0].arn, channel.arn);
  });
});

/** As if an encoder took the new key at once. */
function goLiveWithNewStreamKey({ store, live }: ControlApiHarness): void {
  const { createStreamKey } = store;
  store.createStreamKey = async (streamKey) => {
    const { streamId, startTimeMs } = live.goLive(streamKey.channelArn);
    const channel = store.channels.get(streamKey.channelArn);
    assert.ok(channel);
    store.sessions.push({
      streamId,
      channelArn: channel.arn,
      startTimeMs,
      hasErrorEvent: false,
      channel,
      events: [{ name: 'Stream Start', timeMs: startTimeMs }],
    });
    return createStreamKey.call(store, streamKey);
  };
}
