import { fatalSourceProblem, type ProblemList } from '../problems.ts';
import { MAX_RECORD_BYTES, type Row } from './row.ts';

/** Reads one JSON object per line. The text has `\n` as its only line end. @throws {FatalProblem} */
export async function* readJsonl(text: AsyncIterable<string>, problems: ProblemList): AsyncGenerator<Row> {
  let line = 0;
  for await (const content of readLines(text)) {
    line += 1;
    if (content.trim() === '') continue;
    const row = parseLine(content, line, problems);
    if (row) yield row;
  }
}

function parseLine(content: string, line: number, problems: ProblemList): Row | undefined {
  const report = (message: string) => problems.add({ in: 'source', line, field: null, message });
  try {
    const value: unknown = JSON.parse(content);
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      return { line, values: value as Row['values'] };
    report('expected a JSON object');
  } catch (error) {
    report(`expected a JSON object on one line (${(error as Error).message.slice(0, 120)})`);
  }
  return undefined;
}

async function* readLines(text: AsyncIterable<string>): AsyncGenerator<string> {
  let held = '';
  let line = 1;
  for await (const chunk of text) {
    const parts = (held + chunk).split('\n');
    held = parts.pop() ?? '';
    yield* parts;
    line += parts.length;
    if (held.length > MAX_RECORD_BYTES)
      throw fatalSourceProblem(line, `the line has more than ${MAX_RECORD_BYTES} characters`);
  }
  if (held) yield held;
}
