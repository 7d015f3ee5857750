// A catalogue: a file that says which image each row of a source gets. A plan decides what a run buys, and why.
//
// problems.ts        what is wrong with a file or a source, with line numbers
//
// file/      the catalogue file
// source/    a CSV or JSONL as rows
// prompt/    prompt templates
// items/     rows as items, and what determines their images
// manifest/  what the last good run delivered
// plan/      what a run would do
// run/       what the store and the queue have of a run
// reviews/   what people decided about images
// report/    the report of a run
// nights/    when a cron fires, once per local date
// schedule/  when it runs by itself, and what is wrong with a night
export {
  type CatalogueConfig,
  createJsonSchema,
  type DigitalSourceType,
  parseCatalogueFile,
} from './file/index.ts';
export type { InputName } from './items/index.ts';
export {
  CATALOGUES_PREFIX,
  cataloguePrefix,
  fetchLastManifest,
  type LastManifest,
  type LatestRun,
  latestRunKey,
  MANIFEST_VERSION,
  type ManifestEntry,
  manifestEntrySchema,
  mayBePaid,
  openManifest,
  wouldFailAgain,
} from './manifest/index.ts';
export {
  findNextNight,
  findNextTimeOfDay,
  formatLocalDate,
  listNights,
  type Night,
} from './nights/index.ts';
export {
  type CheckResult,
  checkCatalogue,
  createManifestInputs,
  createPlan,
  type Decision,
  type Forecast,
  findDeadline,
  GUARDS,
  type GuardName,
  type Plan,
  type PlanFile,
  type PlanInput,
  planFileSchema,
} from './plan/index.ts';
export { createProblemList, FatalProblem, type Problem, type ProblemList } from './problems.ts';
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
export * from './run/index.ts';
export * from './schedule/index.ts';
export { classifyLocation, type LocationDeps, type OpenLocation, openLocation } from './source/index.ts';
