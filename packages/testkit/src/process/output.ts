import { appendFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

const KEPT_RUNS = 10;
let file: string | undefined;

/** Creates the output file of a run below `dir`, and removes the files of old runs. */
export async function openRunOutput(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true });
  const older = (await readdir(dir)).filter((name) => name.endsWith('.log')).sort();
  for (const name of older.slice(0, -KEPT_RUNS)) await rm(join(dir, name), { force: true });
  const started = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const path = join(dir, `${started}-${process.pid}.log`);
  appendFileSync(path, '');
  return path;
}

/** Sets the file that collects what the processes of this test file write. */
export function setRunOutput(path: string): void {
  file = path;
}

/** Appends one whole line in one write, because many processes share the file. */
export function appendToRun(source: string, line: string): void {
  if (file) appendFileSync(file, `${source} ${line}\n`);
}

/** Everything that the processes of the run have written so far, in all test files. */
export async function runOutput(): Promise<string> {
  return file ? readFile(file, 'utf8') : '';
}
