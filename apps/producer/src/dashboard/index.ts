// board.ts            Bull Board over every queue, at /queues
// queue-views.ts      each queue: its description, and what operators may do (main decision: QUEUE_VIEWS)
// allowed-changes.ts  which changes would break an invariant and are rejected
// hidden-controls.ts  hides the controls of Bull Board whose change is always rejected
// mark-failed-jobs.ts which jobs have failed
// record-actions.ts   records who changed what on the dashboard
// show-as-failed.ts   dead letters under the tab "failed"
// presentation.ts     names, data and links of jobs (pure)
export * from './board.ts';
export { scrubDeep } from './presentation.ts';
