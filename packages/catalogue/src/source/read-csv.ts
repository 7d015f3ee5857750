import { type CsvError, type Info, parse } from 'csv-parse';
import { DELIMITERS } from '../file/index.ts';
import { fatalSourceProblem, type ProblemList } from '../problems.ts';
import { MAX_RECORD_BYTES, type Row } from './row.ts';

interface CsvRecord {
  record: string[];
  info: Info;
}

/** The part of csv-parse that its streams are made from. Its types do not have it. */
interface ParserCore {
  /** @param chunk undefined at the end @returns the error that ended the parsing */
  parse(
    chunk: Buffer | undefined,
    end: boolean,
    push: (record: CsvRecord) => void,
    close: () => void,
  ): CsvError | undefined;
  /** Of the record in which it stopped. */
  state: { field: { toString(): string }; wasRowDelimiter: boolean };
}

/**
 * Reads the rows of a CSV. The text has `\n` as its only line end. A row with a problem is added to the problems and left
 * out, and the reading goes on where the next row certainly begins.
 *
 * @param onHeader gets the columns before the first row @throws {FatalProblem}
 */
export async function* readCsv(
  text: AsyncIterable<string>,
  delimiter: string | undefined,
  problems: ProblemList,
  onHeader: (columns: readonly string[]) => void,
): AsyncGenerator<Row> {
  const start = await readStart(text);
  const marked = /^sep=(.)\n/i.exec(start.text)?.[1];
  const offset = marked === undefined ? 0 : 1;
  const body = marked === undefined ? start.text : start.text.slice('sep=;\n'.length);
  const used = delimiter ?? marked ?? guessDelimiter(body);
  let lastQuote = 0;
  const parser = openParser(used, (error) => {
    const line = readLine(error) + offset;
    // One value may have several.
    if (line !== lastQuote) problems.add({ in: 'source', line, field: null, message: MIDDLE_QUOTE });
    lastQuote = line;
  });
  let columns: string[] | undefined;
  for await (const chunk of withEnd(body, start.rest)) {
    const records: CsvRecord[] = [];
    const error = parser.parse(
      chunk,
      chunk === undefined,
      (record) => records.push(record),
      () => undefined,
    );
    for (const { record, info } of records) {
      // Quoted values keep their line breaks, so these say on which line the record began.
      const line = info.lines + offset - countBreaks(record);
      if (columns === undefined) {
        columns = readHeader(record, line, problems);
        onHeader(columns);
        continue;
      }
      if (record.length === 1 && record[0] === '') continue;
      if (record.length === columns.length) {
        yield { line, values: zip(columns, record) };
        continue;
      }
      const message = `expected ${columns.length} values, received ${record.length}`;
      const hint =
        record.length > columns.length ? `; a value with ${JSON.stringify(used)} needs quotes` : '';
      problems.add({ in: 'source', line, field: null, message: message + hint });
    }
    if (error) throw describeError(error, parser.state, offset);
  }
  if (columns === undefined) throw fatalSourceProblem(1, 'the source has no header');
}

/** The text up to the end of its first two lines: what is needed to choose the delimiter. */
async function readStart(text: AsyncIterable<string>) {
  const rest = text[Symbol.asyncIterator]();
  let start = '';
  while ((start.match(/\n/g)?.length ?? 0) < 2 && start.length < MAX_RECORD_BYTES) {
    const next = await rest.next();
    if (next.done) break;
    start += next.value;
  }
  return { text: start, rest: { [Symbol.asyncIterator]: () => rest } };
}

/** The chunks of a text, and `undefined` at its end. */
async function* withEnd(start: string, rest: AsyncIterable<string>) {
  if (start) yield Buffer.from(start);
  for await (const chunk of rest) yield Buffer.from(chunk);
  yield undefined;
}

/**
 * Opens csv-parse's parser without its stream, which drops the last rows before an error.
 *
 * @param onQuote gets the error of a quote in the middle of a value. Its row is left out.
 */
function openParser(delimiter: string, onQuote: (error: CsvError) => void): ParserCore {
  const parser = parse({
    delimiter,
    record_delimiter: ['\n'],
    columns: false,
    info: true,
    relax_column_count: true,
    skip_records_with_error: true,
    max_record_size: MAX_RECORD_BYTES,
    on_skip: (error) => {
      // After any other error, it is not certain where the next row begins.
      if ((error?.code as string | undefined) !== 'INVALID_OPENING_QUOTE') throw error;
      onQuote(error as CsvError);
    },
  });
  return (parser as unknown as { api: ParserCore }).api;
}

/** The delimiter that the header has most often, outside of quotes. */
function guessDelimiter(text: string): string {
  const header = (text.split('\n', 1)[0] ?? '').replace(/"[^"]*"/g, '');
  const count = (delimiter: string) => header.split(delimiter).length;
  return DELIMITERS.reduce<string>((best, one) => (count(one) > count(best) ? one : best), ',');
}

function readHeader(record: readonly string[], line: number, problems: ProblemList): string[] {
  const columns = record.map((name) => name.trim());
  const seen = new Map<string, number>();
  columns.forEach((name, index) => {
    const earlier = seen.get(name);
    const add = (message: string) => problems.add({ in: 'source', line, field: name || null, message });
    if (name === '' && columns.length > 1) add(`column ${index + 1} has no name`);
    else if (earlier !== undefined)
      add(`columns ${earlier + 1} and ${index + 1} have the same name. Rename one of them.`);
    else seen.set(name, index);
  });
  return columns;
}

const readLine = (error: CsvError) => (error as unknown as { lines: number }).lines;

const MIDDLE_QUOTE =
  'a quote begins in the middle of a value. Put the whole value in quotes, and write each quote inside twice: "".';

function describeError(error: CsvError, { field, wasRowDelimiter }: ParserCore['state'], offset: number) {
  const line = readLine(error) + offset;
  // The field has everything since its quote.
  const opened = line + (wasRowDelimiter ? 1 : 0) - countBreaks([field.toString()]);
  const rest = 'The rows after it were not checked.';
  switch (error.code as string) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return fatalSourceProblem(opened, `the quote that opens on this line is never closed. ${rest}`);
    case 'CSV_INVALID_CLOSING_QUOTE':
      return fatalSourceProblem(
        opened,
        `the quote that opens on this line ends on line ${line}, but text follows it there. A quote inside a value is written twice: "". ${rest}`,
      );
    case 'CSV_MAX_RECORD_SIZE':
      return fatalSourceProblem(
        opened,
        `the value that begins on this line has more than ${MAX_RECORD_BYTES} bytes. Is a quote not closed? ${rest}`,
      );
    default:
      return fatalSourceProblem(line, error.message, { cause: error });
  }
}

function countBreaks(values: readonly string[]): number {
  let count = 0;
  for (const value of values)
    for (let at = value.indexOf('\n'); at !== -1; at = value.indexOf('\n', at + 1)) count += 1;
  return count;
}

function zip(columns: readonly string[], record: readonly string[]): Record<string, string> {
  // No prototype: a column may have any name.
  const values = Object.create(null) as Record<string, string>;
  columns.forEach((name, index) => {
    values[name] = record[index] ?? '';
  });
  return values;
}
