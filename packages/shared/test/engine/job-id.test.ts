import { expect, test } from 'vitest';
import { jobIdProblem } from '../../src/engine/index.ts';

test.each(['r_01JD', 'r.1.s1', 'delayed.1', '12a', 'Wait'])('%s is a valid job id', (id) => {
  expect(jobIdProblem(id)).toBeUndefined();
});

test.each(['', 'a:b', '123', 'wait', 'delayed', 'events', 'stalled-check'])(
  '%j is not a valid job id',
  (id) => {
    expect(jobIdProblem(id)).toBeTypeOf('string');
  },
);
