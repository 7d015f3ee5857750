import type { z } from 'zod';

/** One thing that is wrong with an input, in the words of whoever sent it. */
export interface FieldProblem {
  /** `image_urls[3]`, `prompt`, or `body` for the whole. */
  field: string;
  expected: string;
  /** What came instead, shortened; never more than a hint of a long value. */
  received: string;
}

/** Turns zod's issues into problems, all of them, innermost field first named. */
export function listFieldProblems(error: z.ZodError, input: unknown): FieldProblem[] {
  const issues = error.issues as Issue[];
  const wrongType = new Set(
    issues.filter(({ code }) => code === 'invalid_type').map(({ path }) => path.join('\0')),
  );
  // Zod measures a text that should have been a list: how long it is does not matter then.
  const apt = issues.filter(
    ({ code, path }) => !(code === 'too_big' || code === 'too_small') || !wrongType.has(path.join('\0')),
  );
  return apt.flatMap((issue) => describeIssue(issue, [], input));
}

type Issue = {
  code?: string;
  path: PropertyKey[];
  message: string;
  expected?: string;
  values?: unknown[];
  keys?: string[];
  errors?: Issue[][];
  issues?: Issue[];
  maximum?: number | bigint;
  minimum?: number | bigint;
  origin?: string;
};

function describeIssue(issue: Issue, parent: PropertyKey[], input: unknown): FieldProblem[] {
  const path = [...parent, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((key) => ({
      field: formatFieldName([...path, key]),
      expected: 'no such field',
      received: 'an unknown field',
    }));
  }
  if (issue.code === 'invalid_key') {
    const inner = issue.issues?.[0];
    return [
      {
        field: formatFieldName(path),
        expected: inner ? describeExpectation(inner) : 'another key',
        received: 'this key',
      },
    ];
  }
  if (issue.code === 'invalid_union' && issue.errors?.length) {
    if (issue.errors.every((branch) => measureDepth(branch) === 0)) {
      const types = issue.errors.flatMap((branch) => branch.slice(0, 1).map(describeExpectation));
      return [
        {
          field: formatFieldName(path),
          expected: types.join(' or '),
          received: describeValue(readValueAt(input, path)),
        },
      ];
    }
    // The branch that got furthest into the value is the one that was meant.
    const nearest = issue.errors.reduce((best, branch) =>
      measureDepth(branch) > measureDepth(best) ? branch : best,
    );
    return nearest.flatMap((inner) => describeIssue(inner, path, input));
  }
  return [
    {
      field: formatFieldName(path),
      expected: describeExpectation(issue),
      received: describeValue(readValueAt(input, path)),
    },
  ];
}

const measureDepth = (issues: Issue[]) => {
  const first = issues[0];
  if (!first) return -1;
  // A mismatch of the type itself says less than a rule of the right type that failed.
  return first.path.length * 2 + (first.code === 'invalid_type' ? 0 : 1);
};

function describeExpectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return nameType(issue.expected ?? 'value');
    case 'invalid_value':
      if (issue.values?.length === 1) return describeValue(issue.values[0]);
      return `one of ${(issue.values ?? []).map((value) => JSON.stringify(value)).join(', ')}`;
    case 'too_big':
      return `at most ${issue.maximum} ${nameUnit(issue)}`.trimEnd();
    case 'too_small':
      return `at least ${issue.minimum} ${nameUnit(issue)}`.trimEnd();
    default:
      return issue.message.replace(/^expected /, '');
  }
}

function nameType(type: string): string {
  if (type === 'null') return 'null';
  if (type === 'record') return 'an object';
  if (type === 'nonoptional') return 'a value';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function nameUnit({ origin, maximum, minimum }: Issue): string {
  const noun = origin === 'string' ? 'character' : origin === 'array' ? 'item' : '';
  return noun && (maximum ?? minimum) !== 1 ? `${noun}s` : noun;
}

function formatFieldName(path: PropertyKey[]): string {
  if (path.length === 0) return 'body';
  return path.reduce<string>(
    (name, part) =>
      typeof part === 'number' ? `${name}[${part}]` : name ? `${name}.${shortenKey(part)}` : shortenKey(part),
    '',
  );
}

const shortenKey = (key: PropertyKey) => {
  const text = String(key) || '""';
  return text.length <= 64 ? text : `${text.slice(0, 64)}…`;
};

function readValueAt(input: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[part] : undefined,
    input,
  );
}

/** A short, safe description of a value: its type, and its beginning when it is short and plain. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return `the ${typeof value} ${String(value)}`;
  if (/^data:/i.test(value)) return 'a data URI';
  if (/^https?:/i.test(value)) return 'a URL';
  if (value.length <= 40) return `the string ${JSON.stringify(value)}`;
  const beginning = Array.from(value.slice(0, 80)).slice(0, 40).join('');
  return `a string of ${value.length > 10_000 ? value.length : [...value].length} characters that begins with ${JSON.stringify(beginning)}`;
}
