import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, runProgram } from '../program.ts';
import { Tally } from './tally.ts';

interface JsonReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

export interface TestRun {
  tally: Tally;
  /** One line for each service that is not on this machine. */
  missing: string[];
  /** Contains the report of vitest. The caller removes it. */
  folder: string;
}

/** Runs every project in one vitest and shows its output. */
export async function runVitest(args: string[]): Promise<TestRun> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-vitest-'));
  const report = join(folder, 'report.json');
  const missing = join(folder, 'missing.txt');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { code } = await runProgram('vitest', ['run', ...reporters, ...args], {
    show: true,
    // Node keeps compiled modules there: the tests start some hundred processes.
    env: { TEST_MISSING_FILE: missing, NODE_COMPILE_CACHE: `${root}.cache/compiled` },
  });
  return {
    tally: count(await read(report), code),
    missing: (await read(missing)).split('\n').filter(Boolean),
    folder,
  };
}

function count(json: string, code: number): Tally {
  // Without a report, vitest itself failed before the first test.
  if (json === '') return new Tally(0, 1);
  const report = JSON.parse(json) as JsonReport;
  // A file that failed to load has no tests to count. It counts as one failure.
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  ).length;
  const failed = report.numFailedTests + broken;
  // A failure outside of the tests: an unhandled error, a secret in the output, no test at all.
  const outside = failed === 0 && code !== 0 ? 1 : 0;
  return new Tally(report.numPassedTests, failed + outside, report.numPendingTests + report.numTodoTests);
}

const read = (path: string) => readFile(path, 'utf8').catch(() => '');
