import { checkColumns, expandRow, type Item, type Rules, readRowKey } from '../items/index.ts';
import { createDigestTable, type ManifestReader } from '../manifest/index.ts';
import type { Problem, ProblemList } from '../problems.ts';
import { type Row, readRows, type SourceSnapshot } from '../source/index.ts';
import type { Quarantine } from './quarantine.ts';

export interface ListInput {
  rules: Rules;
  snapshot: Pick<SourceSnapshot, 'path'>;
  /** The last good manifest. */
  manifest: Pick<ManifestReader, 'find'> | undefined;
  /** Problems of the file, and without a quarantine those of single rows. */
  problems: ProblemList;
  /** Undefined: a problem of a row stops the run. */
  quarantine: Quarantine | undefined;
  /** Gets each row that was read, valid or not. */
  onRow?(): void;
}

/** An item whose row is not valid. */
export interface InvalidItem {
  /** Empty: the row has no valid key. */
  key: string;
  view: string | null;
  /** The image name that it had in the last good run. Empty: it has no image. */
  name: string;
  line: number;
  problem: Problem;
}

export type ListedItem = { kind: 'valid'; item: Item } | { kind: 'invalid'; item: InvalidItem };

/** What was read of a source so far: lines by key, and by image name in lower case. */
export interface ReadRows {
  keys: ReturnType<typeof createDigestTable>;
  names: ReturnType<typeof createDigestTable>;
}

export const createReadRows = (): ReadRows => ({ keys: createDigestTable(), names: createDigestTable() });

/**
 * The items of a source. A key or an image name that comes again is a problem of all rows that have it, because it does not
 * say which one is right.
 */
export async function* listItems(input: ListInput, read: ReadRows): AsyncGenerator<ListedItem> {
  const { rules, snapshot, problems, quarantine, onRow } = input;
  const { source } = rules.file.config;
  const rows = readRows(snapshot, source, problems, (columns) => checkColumns(rules, columns, problems));
  for await (const row of rows) {
    onRow?.();
    if (!quarantine?.find(row.line)) {
      for (const item of expandUniqueRow(row, input, read))
        if (hasFreeName(item, input, read)) yield { kind: 'valid', item };
    }
    const problem = quarantine?.find(row.line);
    if (problem) yield* listInvalidItems(row, problem, input, read);
  }
}

/**
 * Puts all rows that are not valid into the quarantine. It reads the source until it finds no more: a row that is found late
 * may make an earlier one invalid.
 */
export async function findInvalidRows(input: ListInput & { quarantine: Quarantine }): Promise<void> {
  const { problems, quarantine } = input;
  const { onRow: _, ...again } = input;
  for (let before = -1, first = true; before !== quarantine.rows; first = false) {
    before = quarantine.rows;
    const items = listItems(first ? input : again, createReadRows());
    while (!(await items.next()).done);
    if (problems.count > 0 || quarantine.isOver) break;
  }
  if (quarantine.isOver || problems.count > 0) quarantine.stop(problems);
}

function expandUniqueRow(row: Row, { rules, problems, quarantine }: ListInput, { keys }: ReadRows): Item[] {
  const reported = quarantine ?? problems;
  const key = readRowKey(rules, row, reported);
  if (key === undefined) return [];
  const earlier = keys.add(key, row.line);
  if (earlier === undefined) return expandRow(rules, row, key, reported);
  reportBoth(
    { line: row.line, earlier, field: rules.file.config.key, what: `the same key: ${JSON.stringify(key)}` },
    reported,
    quarantine,
  );
  return [];
}

/** Most systems do not distinguish capital letters in names of files. */
function hasFreeName(
  { name, line }: Item,
  { problems, quarantine }: ListInput,
  { names }: ReadRows,
): boolean {
  const earlier = names.add(name.toLowerCase(), line);
  if (earlier === undefined) return true;
  const reported = quarantine ?? problems;
  if (earlier === line) report(reported, line, 'image_name', `two views have the name ${name}`);
  else
    reportBoth(
      { line, earlier, field: 'image_name', what: `the same image name: ${name}` },
      reported,
      quarantine,
    );
  return false;
}

/** The items of a row in quarantine. Rows with the same key are one product. */
function* listInvalidItems(
  row: Row,
  problem: Problem,
  { rules, manifest, quarantine }: ListInput,
  { keys, names }: ReadRows,
): Generator<ListedItem> {
  const { line } = row;
  const key = readRowKey(rules, row, undefined);
  if (key === undefined) {
    yield { kind: 'invalid', item: { key: '', view: null, name: '', line, problem } };
    return;
  }
  const first = keys.add(key, line);
  if (first !== undefined && first !== line) {
    reportEarlier(
      { line, earlier: first, field: rules.file.config.key, what: `the same key: ${JSON.stringify(key)}` },
      quarantine,
    );
    return;
  }
  for (const { name: view } of rules.views) {
    const previous = manifest?.find({ key, view });
    const name = previous?.image ? previous.name : '';
    const earlier = name === '' ? undefined : names.add(name.toLowerCase(), line);
    // Its image keeps its name, so no other item may have it.
    if (earlier !== undefined && earlier !== line)
      reportEarlier(
        { line, earlier, field: 'image_name', what: `an image with this name: ${name}` },
        quarantine,
      );
    yield { kind: 'invalid', item: { key, view, name, line, problem } };
  }
}

interface Clash {
  line: number;
  earlier: number;
  field: string;
  /** What both lines have. */
  what: string;
}

function reportBoth(clash: Clash, reported: Pick<ProblemList, 'add'>, quarantine: Quarantine | undefined) {
  reportEarlier(clash, quarantine);
  report(reported, clash.line, clash.field, `line ${clash.earlier} has ${clash.what}`);
}

function reportEarlier({ line, earlier, field, what }: Clash, quarantine: Quarantine | undefined) {
  if (quarantine && !quarantine.find(earlier)) report(quarantine, earlier, field, `line ${line} has ${what}`);
}

export const report = (
  problems: Pick<ProblemList, 'add'>,
  line: number,
  field: string | null,
  message: string,
) => problems.add({ in: 'source', line, field, message });
