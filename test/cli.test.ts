import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import {
  ACCESS_KEY,
  type IvoryInProcess,
  startIvoryForTest,
  type TestChannel,
  temporaryDirectory,
} from './support/ivory.ts';
import { type Publisher, publish } from './support/publisher.ts';
import { until } from './support/until.ts';

const run = promisify(execFile);

/** Debian's own, not what a version manager puts before them on the PATH: those are the tools that users have. */
const AWS = '/usr/bin/aws';
const PYTHON = '/usr/bin/python3';

const BOTO3_SCRIPT = `
import boto3, json, sys
ivs = boto3.client('ivs', endpoint_url=sys.argv[1])
stream = ivs.get_stream(channelArn=sys.argv[2])['stream']
session = ivs.get_stream_session(channelArn=sys.argv[2])['streamSession']
print(json.dumps({
    'stream': stream,
    'session': session,
    'types': [type(stream['startTime']).__name__, type(session['truncatedEvents'][0]['eventTime']).__name__],
    'live': [s['streamId'] for page in ivs.get_paginator('list_streams').paginate() for s in page['streams']]
        if ivs.can_paginate('list_streams') else [s['streamId'] for s in ivs.list_streams()['streams']],
}, default=str))
`;

interface Answers {
  readonly stream: Record<string, unknown>;
  readonly session: {
    readonly streamId: string;
    readonly endTime?: string;
    readonly ingestConfiguration: { readonly video: Record<string, unknown> };
    readonly truncatedEvents: readonly { readonly name: string; readonly type: string }[];
  };
}

describe('the AWS tools of the distribution see a channel that is live', () => {
  let ivory: IvoryInProcess;
  let channel: TestChannel;
  let encoder: Publisher;
  let home: Awaited<ReturnType<typeof temporaryDirectory>>;
  before(async () => {
    home = await temporaryDirectory();
    ivory = await startIvoryForTest();
    channel = await ivory.createChannel({ name: 'tools' });
    encoder = publish(channel.rtmpUrl, { framesPerSecond: 25 });
    await ivory.untilLive(channel.arn);
    await until('health', async () => (await ivory.stream(channel.arn))?.health === 'HEALTHY', {
      timeoutMs: 15_000,
    });
  });
  after(async () => {
    await encoder[Symbol.asyncDispose]();
    await ivory[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  /** Nothing of the machine's own set-up may play a part. */
  const environment = () => ({
    PATH: '/usr/bin:/bin',
    HOME: home.path,
    AWS_ACCESS_KEY_ID: ACCESS_KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ACCESS_KEY.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-west-2',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  });

  async function assertTrue({ stream, session }: Answers): Promise<void> {
    const truth = await ivory.stream(channel.arn);
    assert.equal(stream['state'], 'LIVE');
    assert.equal(stream['health'], 'HEALTHY');
    assert.equal(stream['channelArn'], channel.arn);
    assert.equal(stream['streamId'], truth?.streamId);
    assert.equal(stream['viewerCount'], 0);
    assert.equal(new Date(String(stream['startTime'])).getTime(), truth?.startTime?.getTime());
    assert.equal(session.streamId, truth?.streamId);
    assert.equal(session.endTime, undefined);
    const { codec, targetFramerate, videoWidth } = session.ingestConfiguration.video;
    assert.match(String(codec), /^avc1\.42C0/);
    assert.deepEqual([targetFramerate, videoWidth], [25, 640]);
    assert.deepEqual(
      session.truncatedEvents.map(({ name, type }) => [name, type]),
      [
        ['Stream Start', 'IVS Stream State Change'],
        ['Session Created', 'IVS Stream State Change'],
      ],
    );
  }

  test('boto3', {
    skip: !existsSync('/usr/lib/python3/dist-packages/boto3') && 'no boto3',
  }, async () => {
    const args = ['-c', BOTO3_SCRIPT, ivory.url, channel.arn];
    const { stdout } = await run(PYTHON, args, { env: environment() });
    const { types, live, ...answers } = JSON.parse(stdout);
    await assertTrue(answers);
    assert.deepEqual(types, ['datetime', 'datetime']);
    assert.deepEqual(live, [answers.stream.streamId]);
  });

  test('the AWS CLI', { skip: !existsSync(AWS) && 'no aws' }, async () => {
    const aws = async (operation: string) => {
      const args = ['ivs', operation, '--endpoint-url', ivory.url, '--channel-arn', channel.arn];
      const { stdout } = await run(AWS, args, { env: environment() });
      return JSON.parse(stdout);
    };
    const { stream } = await aws('get-stream');
    const { streamSession } = await aws('get-stream-session');
    await assertTrue({ stream, session: streamSession });
  });
});
