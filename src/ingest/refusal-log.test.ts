import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Logger, silentLogger } from '../lib/logger.ts';
import { RefusalLog } from './refusal-log.ts';

test('a few refusals a second are told of one by one, the rest as a number', () => {
  const lines: [level: string, fields: object][] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (fields) => void lines.push(['warn', fields]),
    debug: (fields) => void lines.push(['debug', fields]),
  };
  const log = new RefusalLog(logger);
  const refuse = (count: number) => {
    for (let n = 1; n <= count; n++) log.tell(logger, { n }, 'encoder refused');
  };
  refuse(7);
  log.report();
  assert.deepEqual(
    lines.slice(0, 5),
    [1, 2, 3, 4, 5].map((n) => ['warn', { n }]),
  );
  assert.deepEqual(lines.slice(5), [
    ['debug', { n: 6 }],
    ['debug', { n: 7 }],
    ['warn', { count: 2 }],
  ]);
  lines.length = 0;
  refuse(1);
  log.report();
  assert.deepEqual(lines, [['warn', { n: 1 }]]);
});
