import { runChecks } from './test-run/checks.ts';

// `pnpm check`: every check, without the tests. Ends with one plain line.
const tally = await runChecks();
console.log(tally.line());
process.exitCode = tally.failed > 0 ? 1 : 0;
