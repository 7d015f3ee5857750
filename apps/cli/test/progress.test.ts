import { expect, test } from 'vitest';
import { openProgress } from '../src/output/index.ts';

function watch(isErrTerminal: boolean) {
  let now = 0;
  const lines: string[] = [];
  const host = {
    err: (text: string) => void lines.push(text),
    isErrTerminal,
    clock: { now: () => now } as never,
  };
  const display = openProgress(host, { unit: 'renders' });
  return {
    lines,
    at: (seconds: number, done: number, note?: string) => {
      now = seconds * 1000;
      display.show({ done, total: 100, ...(note ? { note } : {}) });
    },
  };
}

test('without a terminal, progress is a plain line per change, at most every 5 s, and one a minute otherwise', () => {
  const { lines, at } = watch(false);
  at(0, 0);
  at(1, 10);
  at(10, 20);
  for (let second = 11; second < 69; second += 1) at(second, 20);
  at(70, 20);
  at(71, 100);
  expect(lines).toEqual([
    '0/100 renders\n',
    '20/100 renders · 2.0/s · 40s left\n',
    '20/100 renders · 17.1/min · 4m 40s left\n',
    '100/100 renders · 1.4/s\n',
  ]);
});

test('on a terminal, progress is one line that is redrawn, with a bar', () => {
  const { lines, at } = watch(true);
  at(0, 0);
  at(10, 50, '1 failed');
  expect(lines[1]).toBe(
    `\r\u001b[2K${'█'.repeat(12)}${'░'.repeat(12)} 50/100 renders · 1 failed · 5.0/s · 10s left`,
  );
});
