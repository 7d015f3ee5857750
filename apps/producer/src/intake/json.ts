import { ProblemError } from '../problems/index.ts';

/** Maximum nesting of arrays and objects. A bulk request needs six levels. */
const MAX_DEPTH = 32;

/**
 * The JSON value of a body or of one NDJSON line.
 *
 * @throws {ProblemError} `empty_body`, `invalid_utf8`, `invalid_json`, `too_deep` or `invalid_request`.
 */
export function parseJson(bytes: Uint8Array, part: 'body' | 'line' = 'body'): unknown {
  const text = decodeUtf8(bytes, part);
  if (text.trim() === '')
    throw new ProblemError('empty_body', `The ${part} is empty.`, fieldProblem(part, 'JSON', 'nothing'));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const position = findPosition(error as Error);
    throw new ProblemError(
      'invalid_json',
      `The ${part} is not JSON${position ? `: see ${position}` : ''}.`,
      fieldProblem(part, 'JSON', position ? `something else at ${position}` : 'something else'),
    );
  }
  checkShape(value, part);
  return value;
}

function decodeUtf8(bytes: Uint8Array, part: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ProblemError(
      'invalid_utf8',
      `The ${part} is not UTF-8.`,
      fieldProblem(part, 'UTF-8', 'bytes that are not'),
    );
  }
}

const fieldProblem = (field: string, expected: string, received: string) => ({
  problems: [{ field, expected, received }],
});

/** Only the position is taken from V8's message, because the message may quote the body. */
function findPosition(error: Error): string | undefined {
  const found = /position (\d+)(?: \(line (\d+) column (\d+)\))?/.exec(error.message);
  if (found) return found[2] ? `line ${found[2]}, column ${found[3]}` : `position ${found[1]}`;
  return /end of JSON input/.test(error.message) ? 'its end, which comes too early' : undefined;
}

/**
 * Rejects values that would break later code, or code in other languages. Does not recurse: deep nesting is the attack.
 */
function checkShape(root: unknown, part: string): void {
  const open: { value: object; depth: number }[] = [];
  const visit = (value: unknown, depth: number) => {
    if (typeof value !== 'object' || value === null) return;
    if (depth > MAX_DEPTH) {
      throw new ProblemError(
        'too_deep',
        `The ${part} is nested deeper than ${MAX_DEPTH} levels.`,
        fieldProblem(part, `at most ${MAX_DEPTH} levels`, 'more'),
      );
    }
    open.push({ value, depth });
  };
  visit(root, 1);
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (Object.hasOwn(value, '__proto__')) {
      throw new ProblemError(
        'invalid_request',
        `The ${part} has a field that is never allowed.`,
        fieldProblem('__proto__', 'no field of this name', 'unknown field'),
      );
    }
    for (const child of Object.values(value)) visit(child, depth + 1);
  }
}
