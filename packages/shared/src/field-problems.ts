import { closestMatch } from 'leven';
import type { z } from 'zod';

/** One problem of an input. */
export interface FieldProblem {
  /** `image_urls[3]`, `prompt`, or `body` for the whole. */
  field: string;
  expected: string;
  /** What the caller sent, shortened: of a long value only the beginning. */
  received: string;
}

/**
 * All of zod's issues as problems.
 *
 * @param schema the schema that found the issues: it names the known fields where a field is unknown.
 */
export function listFieldProblems(error: z.ZodError, input: unknown, schema: z.ZodType): FieldProblem[] {
  const issues = error.issues as Issue[];
  const wrongType = new Set(
    issues.filter(({ code }) => code === 'invalid_type').map(({ path }) => path.join('\0')),
  );
  // Zod also reports the length of a string that should have been an array. That length does not matter.
  const relevant = issues.filter(
    ({ code, path }) => !(code === 'too_big' || code === 'too_small') || !wrongType.has(path.join('\0')),
  );
  return relevant.flatMap((issue) => describeIssue(issue, [], { input, schema: schema as unknown as Node }));
}

/** A body can hold millions of unknown fields: only the first ones are compared with the known fields. */
const MAX_SUGGESTIONS = 20;
/** Longer names are not typos, and comparing them is slow. */
const MAX_COMPARED = 64;

/** Suggests the known name that is nearest to an unknown field or parameter. */
export function describeUnknown(kind: 'field' | 'parameter', name: string, known: readonly string[]): string {
  if (name.length > MAX_COMPARED) return `unknown ${kind}`;
  // Enough for a typo, too few for another word. Two swapped letters are a distance of 2.
  const maxDistance = name.length < 3 ? 1 : name.length < 7 ? 2 : 3;
  const nearest = closestMatch(name, [...known], { maxDistance });
  return nearest === undefined ? `unknown ${kind}` : `unknown ${kind}; did you mean \`${nearest}\`?`;
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
  /** What the schema found, where a description of the whole value would say too little. */
  params?: { received?: string };
};

interface Context {
  input: unknown;
  schema: Node;
}

function describeIssue(issue: Issue, parent: PropertyKey[], context: Context): FieldProblem[] {
  const path = [...parent, ...issue.path];
  const received = () => describeValue(readValueAt(context.input, path));
  if (issue.code === 'unrecognized_keys') {
    const known = listKnownFields(context.schema, path);
    const expected = known.length === 0 ? 'no fields' : `one of ${known.join(', ')}`;
    return (issue.keys ?? []).map((key, index) => ({
      field: formatFieldName([...path, key]),
      expected,
      received: describeUnknown('field', key, index < MAX_SUGGESTIONS ? known : []),
    }));
  }
  if (issue.code === 'invalid_key') {
    const inner = issue.issues?.[0];
    const expected = inner ? describeExpectation(inner) : 'another key';
    return [{ field: formatFieldName(path), expected, received: 'this key' }];
  }
  if (issue.code === 'invalid_union' && issue.errors?.length) {
    if (issue.errors.every((branch) => measureDepth(branch) === 0)) {
      const types = issue.errors.flatMap((branch) => branch.slice(0, 1).map(describeExpectation));
      return [{ field: formatFieldName(path), expected: types.join(' or '), received: received() }];
    }
    // The caller most likely meant the branch that matched most of the value.
    const nearest = issue.errors.reduce((best, branch) =>
      measureDepth(branch) > measureDepth(best) ? branch : best,
    );
    return nearest.flatMap((inner) => describeIssue(inner, path, context));
  }
  return [
    {
      field: formatFieldName(path),
      expected: describeExpectation(issue),
      received: issue.params?.received ?? received(),
    },
  ];
}

/** What {@link listKnownFields} reads of a zod schema. */
interface Node {
  def: {
    shape?: Record<string, Node>;
    element?: Node;
    options?: Node[];
    innerType?: Node;
    in?: Node;
  };
}

/** The fields of the object at a path. */
function listKnownFields({ def }: Node, path: readonly PropertyKey[]): string[] {
  const wrapped = def.innerType ?? def.in;
  if (wrapped) return listKnownFields(wrapped, path);
  if (def.options) return def.options.flatMap((option) => listKnownFields(option, path));
  const [first, ...rest] = path;
  if (first === undefined) return Object.keys(def.shape ?? {});
  const child = def.element ?? def.shape?.[String(first)];
  return child ? listKnownFields(child, rest) : [];
}

const measureDepth = (issues: Issue[]) => {
  const first = issues[0];
  if (!first) return -1;
  // A wrong type matches less of the value than the right type that breaks a rule.
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

export const shortenKey = (key: PropertyKey) => {
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

/** A short, safe description of a value: its type, and its beginning if the value is no URL (I8). */
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

/** A character in words, where the character itself would not be seen. */
export function describeCharacter(character: string): string {
  const name = {
    ' ': 'a space',
    '\t': 'a tab',
    '\n': 'a line break',
    '\r': 'a line break',
    '"': 'a double quote',
  };
  if (character in name) return name[character as keyof typeof name];
  const code = character.codePointAt(0) ?? 0;
  if (/[\p{L}\p{N}\p{P}\p{S}]/u.test(character)) return JSON.stringify(character);
  return `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** A copy without the optional fields that are `null`: many clients write absent fields so. */
export function dropNulls(value: unknown, fields: Record<string, z.ZodType>): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const isAbsent = ([name, field]: [string, unknown]) =>
    field === null && Object.hasOwn(fields, name) && fields[name]?.safeParse(undefined).success;
  const entries = Object.entries(value);
  return entries.some(isAbsent) ? Object.fromEntries(entries.filter((entry) => !isAbsent(entry))) : value;
}
