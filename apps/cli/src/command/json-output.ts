import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';

/** The value of `--json` that selects every field. */
const ALL = 'all';

/** What `--json` asks for: nothing, the list of fields, or fields. */
export type JsonRequest = { kind: 'text' } | { kind: 'list-fields' } | { kind: 'json'; fields: string[] };

/** @param value commander's: `true` without a value @throws CliError for an unknown field */
export function readJsonFlag(value: string | true | undefined, known: readonly string[]): JsonRequest {
  if (value === undefined) return { kind: 'text' };
  if (value === true) return { kind: 'list-fields' };
  if (value === ALL) return { kind: 'json', fields: [...known] };
  const fields = value.split(',').map((field) => field.trim());
  const unknown = fields.find((field) => !known.includes(field));
  if (unknown === undefined) return { kind: 'json', fields };
  throw new CliError(
    EXIT.usage,
    `--json: expected ${ALL} or fields of ${known.join(', ')}, received ${JSON.stringify(unknown)}`,
  );
}

export const formatFieldList = (known: readonly string[]) =>
  [...known, ALL].map((field) => `${field}\n`).join('');

/** Selects fields of an object, or of each object of a list. A field that an object lacks is null. */
export function formatJson(data: object, fields: readonly string[]): string {
  const select = (item: object) =>
    Object.fromEntries(fields.map((field) => [field, (item as Record<string, unknown>)[field] ?? null]));
  const selected = Array.isArray(data) ? data.map((item: object) => select(item)) : select(data);
  return `${JSON.stringify(selected, undefined, 2)}\n`;
}
