import { expect, test } from 'vitest';
import { createFairTurns, type SharedLine } from '../../src/shares/fair-turns.ts';

const line = (line: number, share: number, waiting = 1_000): SharedLine => ({ line, share, waiting });
const countTurns = (turns: readonly number[], of: number) => turns.filter((one) => one === of).length;

test('lines take turns in proportion to their shares, also when each call gives few turns', () => {
  const turns = createFairTurns();
  const lines = [line(1, 100), line(2, 1), line(3, 49)];
  const taken = Array.from({ length: 750 }, () => turns.take(lines, 2)).flat();
  expect([1, 2, 3].map((one) => countTurns(taken, one))).toEqual([1_000, 10, 490]);
});

test('every one of more lines than turns has its turn', () => {
  const turns = createFairTurns();
  const lines = Array.from({ length: 50 }, (_, at) => line(at, 1));
  const taken = Array.from({ length: 25 }, () => turns.take(lines, 4)).flat();
  expect(lines.map((one) => countTurns(taken, one.line))).toEqual(lines.map(() => 2));
});

test('a line that was empty has saved no turns, and one that had all of them owes none', () => {
  const turns = createFairTurns();
  turns.take([line(1, 1)], 500);
  expect(turns.take([line(1, 1), line(2, 1)], 6)).toEqual([2, 1, 2, 1, 2, 1]);
  turns.take([line(2, 1)], 500);
  // Whole turns: one more or less.
  expect(countTurns(turns.take([line(1, 1), line(2, 1)], 100), 1)).toBeLessThanOrEqual(51);
});

test('a changed share counts from the next turn on', () => {
  const turns = createFairTurns();
  turns.take([line(1, 1), line(2, 1)], 100);
  expect(countTurns(turns.take([line(1, 9), line(2, 1)], 100), 1)).toBe(90);
});

test('a line gets no more turns than submissions wait in it', () => {
  expect(createFairTurns().take([line(1, 1, 2), line(2, 1, 1)], 9)).toEqual([1, 2, 1]);
});
