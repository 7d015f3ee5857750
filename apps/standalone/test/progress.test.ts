import { expect, test } from 'vitest';
import { type CatalogueProgress, openProgressDisplay } from '../src/progress.ts';

const START: CatalogueProgress = {
  total: 3,
  completed: 0,
  failed: 0,
  queued: 3,
  rendering: 0,
  storing: 0,
  spentMicros: 0,
};
const END: CatalogueProgress = { ...START, completed: 2, failed: 1, queued: 0, spentMicros: 50_000 };

function openDisplay(options: { isTTY: boolean }) {
  let text = '';
  const write = (chunk: unknown) => {
    text += String(chunk);
    return true;
  };
  let nowMs = 0;
  const display = openProgressDisplay({ write, ...options }, () => nowMs);
  const passTime = (ms: number) => {
    nowMs += ms;
  };
  return { display, passTime, text: () => text };
}

test('the progress in a file has one line for each change', () => {
  const { display, passTime, text } = openDisplay({ isTTY: false });
  display.show(START);
  passTime(1000);
  display.show(START);
  passTime(1000);
  display.show(END);
  display.end();
  expect(text()).toBe('     0s  0/3 done · 3 queued · $0.000\n     2s  3/3 done · 1 failed · $0.050\n');
});

test('the progress on a terminal is one line, which ends once and shows nothing afterwards', () => {
  const { display, text } = openDisplay({ isTTY: true });
  display.show(START);
  display.show(END);
  display.end();
  display.show(START);
  display.end();
  expect(text().match(/\r/g)).toHaveLength(2);
  expect(text().split('\r').at(-1)).toContain('3/3 done · 1 failed · $0.050');
  expect(text().match(/\n/g)).toHaveLength(1);
  expect(text().endsWith('\n')).toBe(true);
});
