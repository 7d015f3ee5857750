import { expect, test } from 'vitest';
import { createErrorReport } from '../../src/engine/error-report.ts';

function reporter(secrets: string[] = []) {
  let now = 0;
  const lines: string[] = [];
  const report = createErrorReport((error, where) => lines.push(`${where}: ${error.message}`), secrets, {
    now: () => now,
  });
  return { report, lines, at: (ms: number) => (now = ms) };
}

test('the same error is reported once per interval, with the number of suppressed errors', () => {
  const { report, lines, at } = reporter();
  for (let ms = 0; ms <= 10_000; ms += 1_000) {
    at(ms);
    report(new Error('broken'), 'queue render');
  }
  expect(lines).toEqual(['queue render: broken', 'queue render: broken (and 9 similar errors before)']);
});

test('an unavailable engine is reported once for all places; other errors are reported for each place', () => {
  const { report, lines } = reporter();
  for (const where of ['queue a', 'worker b']) {
    report(new Error('connect ECONNREFUSED 127.0.0.1:6379'), where);
    report(new Error('a bug'), where);
  }
  expect(lines).toEqual([
    'queue a: connect ECONNREFUSED 127.0.0.1:6379',
    'queue a: a bug',
    'worker b: a bug',
  ]);
});

test('an error that BullMQ passes on is reported only at its first place', () => {
  const { report, lines } = reporter();
  const error = new Error('broken');
  report(error, 'connection');
  report(error, 'queue render');
  expect(lines).toEqual(['connection: broken']);
});

test('a report contains no secret and no failed command', () => {
  const reports: Error[] = [];
  const report = createErrorReport((error) => reports.push(error), ['hunter2'], { now: () => 0 });
  const error = Object.assign(new Error('AUTH hunter2 failed'), {
    code: 'WRONGPASS',
    command: { name: 'auth', args: ['hunter2'] },
  });
  report(error, 'redis');
  expect(reports[0]?.message).toBe('AUTH *** failed');
  expect(reports[0]).toMatchObject({ code: 'WRONGPASS' });
  expect(JSON.stringify(reports[0], Object.getOwnPropertyNames(reports[0]))).not.toContain('hunter2');
});
