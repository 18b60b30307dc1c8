import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runSimulation } from '@cloud-copilot/iam-simulate';
import fc from 'fast-check';
import { isAllowedBy, parsePolicy } from './policy.ts';

const CHANNEL = 'arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh';

interface Asked {
  readonly action?: string;
  readonly resource?: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

function decide(statements: object | readonly object[], asked: Asked = {}): boolean {
  const document = { Version: '2012-10-17', Statement: statements };
  const policy = parsePolicy(document, 'policy', (path, problem) => {
    assert.fail(`${path} ${problem}`);
  });
  return isAllowedBy([policy], requestOf(asked));
}

function requestOf({ action = 'ivs:GetChannel', resource = CHANNEL, context = {} }: Asked) {
  const values = new Map(
    Object.entries(context).map(([key, value]) => [key.toLowerCase(), [value].flat()]),
  );
  return { action, resource, context: (key: string) => values.get(key) };
}

function problemsOf(document: unknown): readonly string[] {
  const problems: string[] = [];
  parsePolicy(document, 'policy', (path, problem) => void problems.push(`${path} ${problem}`));
  return problems;
}

const allow = (parts: object) => ({ Effect: 'Allow', Action: 'ivs:*', Resource: '*', ...parts });
const allowIf = (condition: object) => allow({ Condition: condition });

describe('isAllowedBy()', () => {
  test('allows what a statement names, and nothing else', () => {
    assert.ok(decide(allow({ Action: 'ivs:GetChannel', Resource: CHANNEL })));
    assert.ok(!decide(allow({ Action: 'ivs:GetStream', Resource: CHANNEL })));
    assert.ok(!decide(allow({ Resource: `${CHANNEL}x` })));
    assert.ok(!decide([]));
  });

  test('lets a Deny win wherever it stands', () => {
    const deny = { Effect: 'Deny', Action: 'ivs:Get*', Resource: '*' };
    assert.ok(!decide([deny, allow({})]));
    assert.ok(!decide([allow({}), deny]));
    assert.ok(decide([allow({}), deny], { action: 'ivs:PutMetadata' }));
  });

  test('matches actions in any case, with wildcards', () => {
    assert.ok(decide(allow({ Action: 'IVS:get?hannel' })));
    assert.ok(decide(allow({ Action: ['ivs:List*', 'ivs:*Channel'] })));
    assert.ok(decide(allow({ Action: '*' })));
    assert.ok(!decide(allow({ Action: 'ivs:Channel*' })));
  });

  test('matches resources in their own case, one component of the ARN at a time', () => {
    assert.ok(decide(allow({ Resource: 'arn:aws:ivs:*:123456789012:channel/*' })));
    assert.ok(decide(allow({ Resource: 'arn:aws:ivs:us-west-2:123456789012:*abcd????efgh' })));
    assert.ok(!decide(allow({ Resource: CHANNEL.toLowerCase() })));
    const channels = 'arn:aws:ivs:us-west-2:123456789012:channel/*';
    assert.ok(decide(allow({ Resource: 'arn:aws:ivs:*:*:channel/*' }), { resource: channels }));
    assert.ok(!decide(allow({ Resource: 'arn:aws:ivs:*:*:channel/a*' }), { resource: channels }));
    assert.ok(!decide(allow({ Resource: 'arn:aws:ivs:*:*:*' }), { resource: '*' }));
    assert.ok(!decide(allow({ Resource: 'arn:aws:ivs:us*:channel/*:*:*' })));
  });

  test('reads NotAction and NotResource as everything else', () => {
    assert.ok(decide({ Effect: 'Allow', NotAction: 'ivs:Delete*', Resource: '*' }));
    assert.ok(!decide({ Effect: 'Allow', NotAction: 'ivs:Get*', Resource: '*' }));
    assert.ok(!decide({ Effect: 'Allow', Action: '*', NotResource: CHANNEL }));
  });

  test('puts the values of a request in for variables, and refuses where there is none', () => {
    const statement = allow({
      Condition: { StringEquals: { 'aws:ResourceTag/owner': '${aws:username}' } },
    });
    const tagged = (owner: string, username?: string) => ({
      context: { 'aws:ResourceTag/owner': owner, ...(username && { 'aws:username': username }) },
    });
    assert.ok(decide(statement, tagged('ann', 'ann')));
    assert.ok(!decide(statement, tagged('ann', 'bob')));
    assert.ok(!decide(statement, tagged('${aws:username}')));
    assert.ok(!decide(statement, tagged('ann', 'a*')), 'a value is no pattern');
    const fallback = allow({ Resource: "arn:aws:ivs:*:*:channel/${aws:username, 'abcdABCDefgh'}" });
    assert.ok(decide(fallback));
    assert.ok(!decide(fallback, { context: { 'aws:username': 'ann' } }));
    assert.ok(
      decide(allow({ Resource: 'arn:aws:ivs:*:*:channel/abcd${*}' }), {
        resource: 'arn:aws:ivs:a:1:channel/abcd*',
      }),
    );
  });

  test('joins conditions with and, and the values of one with or', () => {
    const condition = {
      StringEquals: { 'aws:ResourceTag/team': ['red', 'blue'], 'aws:RequestedRegion': 'us-west-2' },
    };
    const asked = (team: string, region: string) => ({
      context: { 'aws:ResourceTag/team': team, 'aws:RequestedRegion': region },
    });
    assert.ok(decide(allowIf(condition), asked('blue', 'us-west-2')));
    assert.ok(!decide(allowIf(condition), asked('green', 'us-west-2')));
    assert.ok(!decide(allowIf(condition), asked('red', 'eu-west-1')));
  });

  test('takes a missing key as AWS does', () => {
    const asks = (operator: string) =>
      decide(allowIf({ [operator]: { 'aws:ResourceTag/a': 'x' } }));
    assert.ok(!asks('StringEquals'));
    assert.ok(asks('StringNotEquals'));
    assert.ok(asks('StringEqualsIfExists'));
    assert.ok(decide(allowIf({ Null: { 'aws:ResourceTag/a': 'true' } })));
    assert.ok(!decide(allowIf({ Null: { 'aws:ResourceTag/a': 'false' } })));
  });

  test('asks all or any of the values of a request', () => {
    const all = allowIf({ 'ForAllValues:StringLike': { 'aws:TagKeys': ['team', 'cost-*'] } });
    const any = allowIf({ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['team'] } });
    const keys = (...values: string[]) => ({ context: { 'aws:TagKeys': values } });
    assert.ok(decide(all, keys('team', 'cost-center')));
    assert.ok(!decide(all, keys('team', 'other')));
    assert.ok(decide(all), 'no value breaks it');
    assert.ok(decide(any, keys('other', 'team')));
    assert.ok(!decide(any, keys('other')));
    assert.ok(!decide(any));
  });

  test('knows networks, dates, numbers and booleans', () => {
    const context = {
      'aws:SourceIp': '203.0.113.7',
      'aws:CurrentTime': '2026-05-01T00:00:00Z',
      'aws:EpochTime': '1777593600',
      'aws:SecureTransport': 'false',
    };
    const holds = (condition: object) => decide(allowIf(condition), { context });
    assert.ok(holds({ IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '203.0.113.0/24'] } }));
    assert.ok(!holds({ NotIpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }));
    assert.ok(holds({ DateGreaterThan: { 'aws:CurrentTime': '2026-04-30T12:00:00Z' } }));
    assert.ok(!holds({ DateLessThan: { 'aws:CurrentTime': '2026-04-30T12:00:00Z' } }));
    assert.ok(holds({ NumericLessThanEquals: { 'aws:EpochTime': 1777593600 } }));
    assert.ok(holds({ Bool: { 'aws:SecureTransport': false } }));
    assert.ok(!holds({ Bool: { 'aws:SecureTransport': 'true' } }));
    assert.ok(holds({ ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::1:user/*' } }));
  });

  test('takes no longer for a pattern made to be slow', () => {
    const startedAtMs = performance.now();
    const pattern = `${'*a'.repeat(60)}b`;
    const context = { 'aws:ResourceTag/a': 'a'.repeat(256) };
    decide(allowIf({ StringLike: { 'aws:ResourceTag/a': pattern } }), { context });
    assert.ok(performance.now() - startedAtMs < 500);
  });
});

describe('parsePolicy()', () => {
  test('names the place of every mistake', () => {
    const statement = (parts: object) => ({ Version: '2012-10-17', Statement: [allow(parts)] });
    assert.deepEqual(
      [
        'a text',
        { Version: '2012', Statement: [] },
        { Version: '2012-10-17', Statements: [], Statement: [] },
        statement({ Effect: 'allow' }),
        statement({ Principal: '*' }),
        statement({ Action: undefined }),
        statement({ NotResource: '*' }),
        statement({ Action: 'GetStream' }),
        statement({ Resource: ['*', 'channel/1'] }),
        statement({ Resource: [] }),
        statement({ Condition: { StringEqual: { 'aws:username': 'a' } } }),
        statement({ Condition: { StringEquals: { 'aws:user': 'a' } } }),
        statement({ Condition: { NumericEquals: { 'aws:EpochTime': 'noon' } } }),
        statement({ Resource: 'arn:aws:ivs:*:*:channel/${username}' }),
      ].flatMap(problemsOf),
      [
        'policy must be a policy document, an object',
        'policy.Version must be "2012-10-17", got "2012"',
        'policy.Statements is not one of Version, Id, Statement',
        'policy.Statement[0].Effect must be "Allow" or "Deny", got "allow"',
        'policy.Statement[0].Principal is not one of Sid, Effect, Action, NotAction, Resource, NotResource, Condition',
        'policy.Statement[0] must have either Action or NotAction',
        'policy.Statement[0] must have either Resource or NotResource',
        'policy.Statement[0].Action "GetStream" is not an action such as "ivs:GetStream"',
        'policy.Statement[0].Resource "channel/1" is neither an ARN nor "*"',
        'policy.Statement[0].Resource must be a text or a list of texts',
        'policy.Statement[0].Condition.StringEqual.aws:username "StringEqual" is not a condition operator',
        'policy.Statement[0].Condition.StringEquals.aws:user is not a condition key that Ivory knows',
        'policy.Statement[0].Condition.NumericEquals.aws:EpochTime "noon" is not a number',
        'policy.Statement[0].Resource ${username} is not a policy variable',
      ],
    );
  });

  test('says whether a policy asks for tags of the resource', () => {
    const reads = (statement: object) =>
      parsePolicy({ Version: '2012-10-17', Statement: statement }, 'policy', assert.fail)
        .readsResourceTags;
    assert.ok(!reads(allowIf({ StringEquals: { 'aws:RequestTag/a': 'b' } })));
    assert.ok(reads(allowIf({ StringEquals: { 'aws:resourceTag/a': 'b' } })));
    assert.ok(reads(allow({ Resource: 'arn:aws:ivs:*:*:channel/${aws:ResourceTag/a}' })));
  });

  test('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), (document) => {
        parsePolicy(document, 'policy', () => {});
        parsePolicy({ Statement: document }, 'policy', () => {});
        parsePolicy({ Statement: { Effect: 'Allow', Condition: document } }, 'policy', () => {});
      }),
    );
  });
});

test('isAllowedBy() decides as the policy simulator does', async () => {
  const some = <T>(values: readonly T[]) =>
    fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
  const actions = ['ivs:GetChannel', 'ivs:Get*', 'IVS:*channel', 'ivs:PutMetadata', '*'];
  const resources = [
    '*',
    CHANNEL,
    'arn:aws:ivs:*:*:channel/*',
    'arn:aws:ivs:us-west-2:*:channel/abcd????????',
    'arn:aws:ivs:us-west-2:123456789012:channel/${aws:username}',
    'arn:aws:ivs:*:*:stream-key/*',
  ];
  const texts = ['red', 'blue', 'r*', '?ed', 'RED', '${aws:username}', ''];
  const stringOperators = [
    'StringEquals',
    'StringNotEquals',
    'StringLike',
    'StringNotLike',
    'StringEqualsIgnoreCase',
    'StringNotEqualsIgnoreCase',
  ].flatMap((name) => [name, `${name}IfExists`]);
  const tagCondition = fc
    .tuple(fc.constantFrom(...stringOperators), some(texts))
    .map(([operator, values]) => ({ [operator]: { 'aws:ResourceTag/team': values } }));
  const keysCondition = fc
    .tuple(
      fc.constantFrom('ForAllValues', 'ForAnyValue'),
      fc.constantFrom('StringEquals', 'StringLike', 'StringNotEquals'),
      some(texts),
    )
    .map(([set, operator, values]) => ({ [`${set}:${operator}`]: { 'aws:TagKeys': values } }));
  const nullCondition = fc
    .constantFrom('true', 'false')
    .map((value) => ({ Null: { 'aws:RequestTag/team': value } }));
  const condition = fc.oneof(
    fc.constant(undefined),
    tagCondition,
    keysCondition,
    nullCondition,
    fc.tuple(tagCondition, nullCondition).map(([a, b]) => ({ ...a, ...b })),
  );
  const statement = fc
    .record({
      Effect: fc.constantFrom('Allow', 'Allow', 'Deny'),
      action: fc.tuple(fc.constantFrom('Action', 'Action', 'NotAction'), some(actions)),
      resource: fc.tuple(fc.constantFrom('Resource', 'Resource', 'NotResource'), some(resources)),
      Condition: condition,
    })
    .map(({ action, resource, Condition, Effect }) => ({
      Effect,
      [action[0]]: action[1],
      [resource[0]]: resource[1],
      ...(Condition && { Condition }),
    }));
  const context = fc.record(
    {
      'aws:ResourceTag/team': fc.constantFrom('red', 'blue', 'abcdABCDefgh'),
      'aws:RequestTag/team': fc.constantFrom('red', ''),
      'aws:TagKeys': some(['red', 'team', 'blue']),
      'aws:username': fc.constantFrom('red', 'abcdABCDefgh', 'r*'),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(statement, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('ivs:TagResource', 'ivs:PutMetadata', 'ivs:GetChannel'),
      context,
      async (statements, action, given) => {
        const response = await runSimulation(
          {
            request: {
              principal: 'arn:aws:iam::123456789012:user/red',
              action,
              resource: { resource: CHANNEL, accountId: '123456789012' },
              contextVariables: given,
            },
            identityPolicies: [
              { name: 'policy', policy: { Version: '2012-10-17', Statement: statements } },
            ],
            serviceControlPolicies: [],
            resourceControlPolicies: [],
          },
          {},
        );
        assert.notEqual(response.resultType, 'error', JSON.stringify(response));
        const expected = 'overallResult' in response && response.overallResult === 'Allowed';
        assert.equal(decide(statements, { action, context: given }), expected);
      },
    ),
    { numRuns: 400 },
  );
});
