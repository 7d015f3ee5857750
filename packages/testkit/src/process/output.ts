import { appendFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

const KEPT_RUNS = 10;
let file: string | undefined;

/** Begins the output file of a run below `dir`, and lets go of those of old runs. */
export async function openRunOutput(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true });
  const older = (await readdir(dir)).filter((name) => name.endsWith('.log')).sort();
  for (const name of older.slice(0, -KEPT_RUNS)) await rm(join(dir, name), { force: true });
  const started = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const path = join(dir, `${started}-${process.pid}.log`);
  appendFileSync(path, '');
  return path;
}

/** Where the processes of this test file leave what they write. */
export function setRunOutput(path: string): void {
  file = path;
}

/** Whole lines, appended at once: many processes share the file. */
export function appendToRun(who: string, line: string): void {
  if (file) appendFileSync(file, `${who} ${line}\n`);
}

/** Everything that spawned processes of the run wrote so far, over all test files. */
export async function runOutput(): Promise<string> {
  return file ? readFile(file, 'utf8') : '';
}
