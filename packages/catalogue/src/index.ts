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
// reviews/   what people decided about images
// report/    the report of a run
export { createJsonSchema } from './file/index.ts';
export type { InputName } from './items/index.ts';
export {
  CATALOGUES_PREFIX,
  cataloguePrefix,
  fetchLastManifest,
  type LastManifest,
  type ManifestEntry,
} from './manifest/index.ts';
export {
  type CheckResult,
  checkCatalogue,
  createManifestInputs,
  createPlan,
  type Decision,
  type Forecast,
  GUARDS,
  type GuardName,
  type Plan,
  type PlanInput,
} from './plan/index.ts';
export type { ProblemList } from './problems.ts';
export {
  createPlaceScript,
  REPORT_FILE,
  type ReportEntry,
  type ReportInput,
  type ReportSummary,
  writeReport,
} from './report/index.ts';
export {
  deleteReview,
  fetchReviews,
  listReviews,
  NO_REVIEWS,
  REVIEW_VERSION,
  type Review,
  type ReviewIndex,
  readReview,
  writeReview,
} from './reviews/index.ts';
export type { LocationDeps } from './source/index.ts';
