import { ProblemError } from '../problems/index.ts';

/** Levels of arrays and objects. A bulk request needs six. */
const MAX_DEPTH = 32;

/**
 * The JSON value of a body or of one NDJSON line.
 *
 * @throws {ProblemError} `empty_body`, `invalid_utf8`, `invalid_json`, `too_deep` or `invalid_request`.
 */
export function parseJson(bytes: Uint8Array, what: 'body' | 'line' = 'body'): unknown {
  const text = decodeUtf8(bytes, what);
  if (text.trim() === '')
    throw new ProblemError('empty_body', `The ${what} is empty.`, fieldProblem(what, 'JSON', 'nothing'));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const place = findPosition(error as Error);
    throw new ProblemError('invalid_json', `The ${what} is not JSON${place ? `: see ${place}` : ''}.`, {
      ...fieldProblem(what, 'JSON', place ? `something else at ${place}` : 'something else'),
    });
  }
  checkShape(value, what);
  return value;
}

function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ProblemError(
      'invalid_utf8',
      `The ${what} is not UTF-8.`,
      fieldProblem(what, 'UTF-8', 'bytes that are not'),
    );
  }
}

const fieldProblem = (field: string, expected: string, received: string) => ({
  problems: [{ field, expected, received }],
});

/** V8's message may quote the body: only the place is taken out of it. */
function findPosition(error: Error): string | undefined {
  const found = /position (\d+)(?: \(line (\d+) column (\d+)\))?/.exec(error.message);
  if (found) return found[2] ? `line ${found[2]}, column ${found[3]}` : `position ${found[1]}`;
  return /end of JSON input/.test(error.message) ? 'its end, which comes too early' : undefined;
}

/** Refuses what later code, or code in other languages, would trip over. Does not recurse: depth is the attack. */
function checkShape(root: unknown, what: string): void {
  const open: { value: object; depth: number }[] = [];
  const visit = (value: unknown, depth: number) => {
    if (typeof value !== 'object' || value === null) return;
    if (depth > MAX_DEPTH) {
      throw new ProblemError('too_deep', `The ${what} is nested deeper than ${MAX_DEPTH} levels.`, {
        ...fieldProblem(what, `at most ${MAX_DEPTH} levels`, 'more'),
      });
    }
    open.push({ value, depth });
  };
  visit(root, 1);
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (Object.hasOwn(value, '__proto__')) {
      throw new ProblemError('invalid_request', `The ${what} has a field that no object may have.`, {
        ...fieldProblem('__proto__', 'no such field', 'an unknown field'),
      });
    }
    for (const child of Object.values(value)) visit(child, depth + 1);
  }
}
