// Reconciliation: the books against the provider's balance. For operators.
//
// routes.ts           POST and GET /v1/reconcile
// reconcile.ts        one reconciliation: start here
// choose-readings.ts  the readings of the balance at both edges (pure)
// read-books.ts       what was bought and refunded between them
// judge.ts            what the difference proves (pure, main decision: judge)
// resolve-unknown.ts   makes the statements that are proven
// report.ts           the report as the API returns it
// report-store.ts     past reports in the object store
export type { ReconcileDeps } from './reconcile.ts';
export { listReports } from './report-store.ts';
export { reconcileRequested, registerReconcile } from './routes.ts';
