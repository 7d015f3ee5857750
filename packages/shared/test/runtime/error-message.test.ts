import { expect, test } from 'vitest';
import { errorMessage } from '../../src/runtime/index.ts';

test.each([
  [new TypeError('broken'), 'broken'],
  ['text', 'text'],
  [undefined, 'undefined'],
])('errorMessage() of %j is %j', (error, message) => {
  expect(errorMessage(error)).toBe(message);
});
