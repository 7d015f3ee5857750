import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { getBodyBytes } from '../http/index.ts';
import { checkRequest, describeCharacter, ProblemError } from '../problems/index.ts';
import { type ScannedValue, type Span, scanValue } from './scan-json.ts';
import { locateSyntaxError } from './syntax-error.ts';

/**
 * The JSON value of a body or of one NDJSON line. It is measured before it is parsed.
 *
 * @throws {ProblemError} `empty_body`, `invalid_utf8`, `invalid_json`, `too_deep` or `invalid_request`.
 */
export function parseJson(bytes: Uint8Array, part: 'body' | 'line' = 'body'): unknown {
  const scanned = scanValue(bytes, 0, { part, findEnd: false });
  // What follows the value was not measured. It is an error in any case, so only its first character is parsed.
  const measured = bytes.subarray(0, scanned.end + 1);
  return parseScanned(measured, { ...scanned, end: measured.length }, part);
}

/**
 * The body of a request, as the schema reads it.
 *
 * @throws {ProblemError} as {@link parseJson}; `invalid_request`.
 */
export const readJsonBody = <S extends z.ZodType>(request: FastifyRequest, schema: S): z.output<S> =>
  checkRequest(parseJson(getBodyBytes(request)), schema);

/**
 * The JSON value of a part of the bytes, which was measured.
 *
 * @throws {ProblemError} the scan's problem, or as {@link parseJson}.
 */
export function parseScanned(bytes: Uint8Array, scanned: ScannedValue, part: string): unknown {
  const { start, end, dataUris, problem } = scanned;
  if (problem) throw problem;
  const text = decodeUtf8(bytes.subarray(start, end), part);
  if (text.trim() === '') {
    throw new ProblemError('empty_body', `The ${part} is empty.`, fieldProblem(part, 'JSON', 'nothing'));
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The position counts from the beginning of the body.
    throw invalidJson(bytes.subarray(0, end), { start, skipped: dataUris, filler: '' }, part);
  }
  rejectProto(value, part);
  return value;
}

/** @param text what of the bytes to search: see {@link locateSyntaxError}. */
export function invalidJson(
  bytes: Uint8Array,
  { start, skipped, filler }: { start: number; skipped: readonly Span[]; filler: string },
  part: string,
): ProblemError {
  const position = locateSyntaxError(bytes, start, skipped, filler);
  if (!position) {
    const problem = fieldProblem(part, 'JSON', 'something else');
    return new ProblemError('invalid_json', `The ${part} is not JSON.`, problem);
  }
  const { line, column, character } = position;
  // The result of an NDJSON line has the number of the line in its body.
  const place = part === 'line' ? `column ${column}` : `line ${line}, column ${column}`;
  const received = character === undefined ? `the end of the ${part}` : describeCharacter(character);
  return new ProblemError(
    'invalid_json',
    `The ${part} is not JSON: see ${place}.`,
    fieldProblem(part, 'JSON', `${received} at ${place}`),
  );
}

/** @throws {ProblemError} `invalid_utf8`. */
export function decodeUtf8(bytes: Uint8Array, part: string): string {
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

/** Rejects a field that would break later code. The scan limits depth and size, so this may recurse. */
function rejectProto(value: unknown, part: string): void {
  if (typeof value !== 'object' || value === null) return;
  if (Object.hasOwn(value, '__proto__')) {
    throw new ProblemError(
      'invalid_request',
      `The ${part} has a field that is never allowed.`,
      fieldProblem('__proto__', 'no field of this name', 'unknown field'),
    );
  }
  for (const child of Object.values(value)) rejectProto(child, part);
}
