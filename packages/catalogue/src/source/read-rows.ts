import { extname } from 'node:path';
import type { CatalogueConfig } from '../file/index.ts';
import { fatalSourceProblem, type ProblemList } from '../problems.ts';
import { readCsv } from './read-csv.ts';
import { readJsonl } from './read-jsonl.ts';
import { readText } from './read-text.ts';
import type { Row } from './row.ts';
import { readSnapshot, type SourceSnapshot } from './snapshot.ts';

/** A longer value is a mistake: no prompt and no URL needs it. */
export const MAX_VALUE_CHARACTERS = 256 * 1024;

/**
 * Reads the rows of a source, one after the other. Problems of rows are added to the problems.
 *
 * @param onColumns gets the columns of a CSV before the first row. JSONL has none.
 * @throws {FatalProblem} when the rest cannot be read
 */
export async function* readRows(
  snapshot: Pick<SourceSnapshot, 'path'>,
  { path, format, delimiter, encoding }: CatalogueConfig['source'],
  problems: ProblemList,
  onColumns: (columns: readonly string[]) => void = () => undefined,
): AsyncGenerator<Row> {
  const text = readText(readSnapshot(snapshot), encoding);
  const rows =
    (format ?? detectFormat(path)) === 'csv'
      ? readCsv(text, delimiter, problems, onColumns)
      : readJsonl(text, problems);
  let count = 0;
  for await (const row of rows) {
    count += 1;
    if (hasShortValues(row, problems)) yield row;
  }
  if (count === 0 && problems.count === 0)
    throw fatalSourceProblem(null, 'the source has no rows. Nothing would be left of the catalogue.');
}

function detectFormat(path: string): 'csv' | 'jsonl' {
  const name = path.replace(/[?#].*$/, '');
  const extension = extname(name).toLowerCase();
  if (extension === '.csv' || extension === '.tsv' || extension === '.txt') return 'csv';
  if (extension === '.jsonl' || extension === '.ndjson') return 'jsonl';
  throw fatalSourceProblem(null, 'the path does not end in .csv, .jsonl or .ndjson. Set source.format.');
}

function hasShortValues({ line, values }: Row, problems: ProblemList): boolean {
  for (const [field, value] of Object.entries(values)) {
    if (typeof value !== 'string' || value.length <= MAX_VALUE_CHARACTERS) continue;
    const message = `expected at most ${MAX_VALUE_CHARACTERS} characters, received ${value.length}`;
    problems.add({ in: 'source', line, field, message });
    return false;
  }
  return true;
}
