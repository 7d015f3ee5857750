import { type RenderRequest, renderRequestSchema } from '@darkroom/api';
import { listFieldProblems } from '@darkroom/shared/field-problems';
import type { Changes, ImageFormat } from '../file/index.ts';
import type { ProblemList } from '../problems.ts';
import { TemplateError } from '../prompt/index.ts';
import { classifyLocation, type Row } from '../source/index.ts';
import { createImageName } from './image-name.ts';
import { formatPath, type Rules } from './rules.ts';

/** One image that the catalogue wants: a product, or one view of it. */
export interface Item {
  /** The value of the key column. */
  key: string;
  /** Null in a catalogue without views. */
  view: string | null;
  /** The file name of its image. */
  name: string;
  /** The line of its row in the source. */
  line: number;
  prompt: string;
  model: RenderRequest['model'];
  /** Undefined: the provider chooses one. */
  size: RenderRequest['size'];
  resolution: RenderRequest['resolution'];
  /** The type of the delivered image. */
  format: ImageFormat;
  /** The reference images, as the row names them. */
  references: string[];
}

const MAX_KEY_BYTES = 255;

/** The key of a row. @param problems gets what is wrong with it @returns `undefined` for a row without a valid key */
export function readRowKey(
  rules: Rules,
  { line, values }: Row,
  problems: Pick<ProblemList, 'add'> | undefined,
): string | undefined {
  const column = rules.file.config.key;
  const key = readText(values[column]);
  const wrong = describeKeyProblem(key, values[column]);
  if (key !== undefined && !wrong) return key;
  problems?.add({ in: 'source', line, field: column, message: wrong ?? 'expected a text' });
  return undefined;
}

/** Makes the items of one row. Their problems are added to the problems, and their item is left out. */
export function expandRow(rules: Rules, row: Row, key: string, problems: Pick<ProblemList, 'add'>): Item[] {
  const report = (field: string | null, message: string) =>
    problems.add({ in: 'source', line: row.line, field, message });
  const matching = rules.overrides.filter(({ when }) =>
    when.every(({ column, values }) => values.has(readText(row.values[column]) ?? '')),
  );
  return rules.views.flatMap((view) => {
    const changes = [view, ...matching];
    const item = createItem(rules, row, key, view.name, changes, report);
    return item && isValid(item, rules, report) ? [item] : [];
  });
}

type Change = Rules['overrides'][number] | Rules['views'][number];
type Report = (field: string | null, message: string) => void;

function createItem(
  rules: Rules,
  row: Row,
  key: string,
  view: string | null,
  changes: readonly Change[],
  report: Report,
): Item | undefined {
  const { config } = rules.file;
  const choose = <K extends keyof Changes>(field: K): Changes[K] =>
    changes.findLast((one) => one.changes[field] !== undefined)?.changes[field];
  const template = changes.findLast((one) => one.prompt)?.prompt ?? rules.prompt;
  const scope = Object.assign(Object.create(null) as object, { row: row.values, view }, row.values);
  let prompt: string;
  try {
    prompt = template.fill(scope);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const path = rules.prompts.find((one) => one.template === template)?.path ?? ['prompt'];
    const line = rules.file.lines.ofText(path, error.line);
    report(null, `${formatPath(path)} (line ${line} of the catalogue file): ${error.message}`);
    return undefined;
  }
  const nameValues = Object.fromEntries(
    Object.entries({ ...row.values, view }).map(([column, value]) => [column, readText(value) ?? '']),
  );
  const named = createImageName(rules.imageName, nameValues);
  if (named.kind === 'invalid') {
    report('image_name', named.message);
    return undefined;
  }
  const columns = choose('references') ?? config.references;
  return {
    key,
    view,
    name: named.name,
    line: row.line,
    prompt,
    model: choose('model') ?? config.model,
    size: choose('size') ?? config.size,
    resolution: choose('resolution') ?? config.resolution,
    format: rules.format,
    references: columns.flatMap((column) => readText(row.values[column]) || []),
  };
}

/** Checks an item with the schema of a render's request, and its references. */
function isValid(item: Item, rules: Rules, report: Report): boolean {
  const { prompt, model, size, resolution, references } = item;
  const request = { prompt, model, resolution, ...(size === undefined ? {} : { size }) };
  const parsed = renderRequestSchema.safeParse(request);
  if (!parsed.success)
    for (const { field, expected, received } of listFieldProblems(parsed.error, request, renderRequestSchema))
      report(field, `expected ${expected}, received ${received}`);
  const isLocal = classifyLocation(rules.file.config.source.path) === 'path';
  const wrong = references.filter((reference) => !isReference(reference, isLocal));
  for (const reference of wrong) report('references', describeReference(reference, isLocal));
  return parsed.success && wrong.length === 0;
}

/** A source from another machine must not name files of this one. */
function isReference(reference: string, isLocal: boolean): boolean {
  const kind = classifyLocation(reference);
  if (kind !== 'path') return kind !== undefined;
  if (/^data:/i.test(reference)) return false;
  return isLocal && !/^([/\\]|[a-z]:)/i.test(reference) && !reference.split(/[/\\]/).includes('..');
}

const describeReference = (reference: string, isLocal: boolean) =>
  `expected an https:// URL, s3://bucket/key${isLocal ? ' or a path below the catalogue file' : ''}, received ${
    /^data:/i.test(reference) ? 'a data URI' : JSON.stringify(reference.slice(0, 80))
  }`;

/** @returns `undefined` for a value that is no text, number or boolean */
function readText(value: unknown): string | undefined {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value.trim();
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function describeKeyProblem(key: string | undefined, value: unknown): string | undefined {
  if (key === undefined) return 'expected a text or a number';
  if (key === '') return value === undefined ? 'the row has no key' : 'the key is empty';
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    return 'expected an integer below 2^53. Write a larger key as a string.';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `expected at most ${MAX_KEY_BYTES} bytes`;
  return /[\p{Cc}]/u.test(key) ? 'expected no control characters' : undefined;
}
