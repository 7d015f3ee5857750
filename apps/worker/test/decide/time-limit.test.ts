import { describe, expect, test } from 'vitest';
import { checkTimeLimit, type TimeLimit } from '../../src/decide/index.ts';

const HOUR = 3_600_000;
const AHEAD = 6 * HOUR;
const START = 1_700_000_000_000;

/** Checks a limit of an hour at these times, one after the other. @returns the last result. */
function checkAt(limit: TimeLimit, ...times: number[]) {
  let result = { limit, isOver: false };
  for (const now of times) {
    result = checkTimeLimit(result.limit, { now, maxMs: HOUR, graceMs: 30_000 });
  }
  return result;
}

describe('a time limit', () => {
  const limit = { endsAt: START + HOUR };

  test('a limit is over at the second check that finds it passed, when the grace lies between the two', () => {
    expect(checkAt(limit, START + HOUR - 1).isOver).toBe(false);
    expect(checkAt(limit, START + HOUR).isOver).toBe(false);
    expect(checkAt(limit, START + HOUR, START + HOUR + 29_999).isOver).toBe(false);
    expect(checkAt(limit, START + HOUR, START + HOUR + 30_000).isOver).toBe(true);
  });

  test('a clock that is six hours ahead for three seconds ends no limit, also with many checks and with two jumps', () => {
    const jump = [START + AHEAD, START + AHEAD + 1_000, START + AHEAD + 3_000];
    expect(checkAt(limit, ...jump)).toMatchObject({ isOver: false });
    const back = checkAt(limit, ...jump, START + 4_000);
    expect(back).toEqual({ limit, isOver: false });
    expect(checkAt(back.limit, ...jump).isOver).toBe(false);
  });

  test('a doubt from a jump does not delay a limit that has really passed', () => {
    const jumped = checkAt(limit, START + AHEAD).limit;
    const first = START + HOUR + 5_000;
    expect(checkAt(jumped, first).isOver).toBe(false);
    expect(checkAt(jumped, first, first + 30_000).isOver).toBe(true);
  });

  test('a limit that was written while the clock was ahead begins anew', () => {
    const written = { endsAt: START + AHEAD + HOUR };
    expect(checkAt(written, START).limit.endsAt).toBe(START + AHEAD + HOUR);
    expect(checkAt(written, START, START + 30_000)).toEqual({
      limit: { endsAt: START + HOUR },
      isOver: false,
    });
  });

  test('a clock that is behind for three seconds moves no limit', () => {
    const behind = checkAt(limit, START - AHEAD, START - AHEAD + 3_000).limit;
    expect(checkAt(behind, START + 4_000)).toEqual({ limit, isOver: false });
  });
});
