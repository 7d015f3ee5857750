import { rm } from 'node:fs/promises';
import { runChecks } from './test/checks.ts';
import { runVitest } from './test/vitest.ts';

// What `pnpm test` runs: the checks, then every test. Extra arguments go to vitest. Ends with one plain line.
//
// test/checks.ts   types, format, lint, dead code: through turbo, one result each
// test/vitest.ts   all projects in one vitest; what it counted, and what could not run here
// test/program.ts  a child process, ended with this one
// test/tally.ts    passed, failed, skipped

const args = process.argv.slice(2).filter((argument, at) => !(at === 0 && argument === '--'));
const checks = await runChecks();
const tests = await runVitest(args);
await rm(tests.folder, { recursive: true, force: true });

const total = checks.plus(tests.tally);
for (const line of tests.missing) console.log(line);
console.log(total.line());
process.exitCode = total.failed > 0 ? 1 : 0;
