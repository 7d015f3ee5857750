// Catalogues: the endpoints below /v1/catalogues. A worker executes their runs.
//
// routes.ts      the paths, and what they answer
// docs.ts        …in the OpenAPI document
// deps.ts        what the endpoints share
// path.ts        reads the tenant and the path of a request
// schedule-routes.ts  the schedule of a catalogue
// read-schedule.ts    …as the API shows it
// read-catalogues.ts  the catalogues of a tenant or of all, and the runs of a catalogue
// check-file.ts  checks the catalogue file of a request
// start-run.ts   requests a run, once (main decision: which run a second start is)
// cancel-run.ts  stops a run from buying
// retry-run.ts   what a run has not delivered; requests a run that buys it again
// store-file.ts  files of the caller: sources and reference images
// read-runs.ts   what the store and the queue know of a run
// responses.ts   runs as the API shows them
//
// find-catalogue.ts  which catalogue a path names, for which tenant
// report-routes.ts   the paths of reports and reviews
// serve-report.ts    report.html and its files, from the store
// reviews.ts         reads and stores reviews
export { cancelCatalogueRun } from './cancel-run.ts';
export type { CatalogueDeps } from './deps.ts';
export { findCatalogue } from './find-catalogue.ts';
export {
  type CatalogueSummary,
  describeCatalogue,
  listCatalogueRuns,
  listCatalogues,
} from './read-catalogues.ts';
export { registerReports } from './report-routes.ts';
export { runResponse } from './responses.ts';
export { registerCatalogues } from './routes.ts';
