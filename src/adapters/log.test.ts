import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLevel } from '../settings.ts';
import { createLogger } from './log.ts';

function capture(level: LogLevel) {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger(level, { write: (line) => lines.push(JSON.parse(line)) });
  return { logger, lines };
}

test('createLogger() writes one JSON object a line, with what a child adds', () => {
  const { logger, lines } = capture('info');
  logger.child({ channelId: 'abc' }).warn({ gapMs: 12 }, 'timestamps jump');
  const [{ time, ...line } = {}] = lines;
  assert.deepEqual(line, {
    level: 'warn',
    channelId: 'abc',
    gapMs: 12,
    message: 'timestamps jump',
  });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('createLogger() leaves out what is below its level', () => {
  const { logger, lines } = capture('warn');
  logger.debug({}, 'no');
  logger.info({}, 'no');
  logger.error({}, 'yes');
  assert.deepEqual(
    lines.map(({ message }) => message),
    ['yes'],
  );
  const silent = capture('silent');
  silent.logger.error({}, 'no');
  assert.deepEqual(silent.lines, []);
});

test('createLogger() prints no secret of a record or request that got in whole', () => {
  const { logger, lines } = capture('info');
  logger.info(
    {
      streamKey: 'HIDDEN',
      key: { arn: 'shown', value: 'HIDDEN' },
      channel: { srtPassphrase: 'HIDDEN' },
      request: { headers: { authorization: 'HIDDEN' } },
      value: 'shown too',
    },
    'careless',
  );
  const text = JSON.stringify(lines);
  assert.doesNotMatch(text, /HIDDEN/);
  assert.match(text, /shown too/);
});

test('createLogger() writes an error with its cause and stack', () => {
  const { logger, lines } = capture('info');
  logger.error({ err: new Error('outer') }, 'failed');
  assert.equal((lines[0]?.['err'] as Error).message, 'outer');
});
