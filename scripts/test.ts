import { rm } from 'node:fs/promises';
import { runChecks } from './test-run/checks.ts';
import { runVitest } from './test-run/vitest.ts';

// `pnpm test`: the checks, then every test. Extra arguments go to vitest. Ends with one plain line.
//
// test-run/checks.ts  the checks of package.json, through turbo: one result each
// test-run/vitest.ts  all projects in one vitest; its counts, and which services this machine lacks
// test-run/tally.ts   passed, failed, skipped
// program.ts          a child process that ends with this one

const args = process.argv.slice(2).filter((argument, at) => !(at === 0 && argument === '--'));
const checks = await runChecks();
const tests = await runVitest(args);
await rm(tests.folder, { recursive: true, force: true });

const total = checks.plus(tests.tally);
for (const line of tests.missing) console.log(line);
console.log(total.line());
process.exitCode = total.failed > 0 ? 1 : 0;
