// A catalogue: a file that says which image each row of a source gets. A plan decides what a run buys, and why.
//
// problems.ts  what is wrong with a file or a source, with line numbers
//
// file/      the catalogue file
// source/    a CSV or JSONL as rows
// prompt/    prompt templates
// items/     rows as items, and what determines their images
// manifest/  what the last good run delivered
// plan/      what a run would do
export { createJsonSchema } from './file/index.ts';
export type { InputName } from './items/index.ts';
export { fetchLastManifest, type LastManifest } from './manifest/index.ts';
export {
  type CheckResult,
  checkCatalogue,
  createPlan,
  type Decision,
  type Forecast,
  GUARDS,
  type GuardName,
  type Plan,
  type PlanInput,
} from './plan/index.ts';
export type { ProblemList } from './problems.ts';
export type { LocationDeps } from './source/index.ts';
