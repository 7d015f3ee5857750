// The audit log: what operators do.
//
// audit-recorder.ts   records an action: a log line at once, the object store as soon as it answers
// action-source.ts    how an action was requested
// audit-response.ts   an entry as the API returns it
// routes.ts           GET /v1/audit
export { type Auditor, createAuditor } from './audit-recorder.ts';
export { readAuditQuery, registerAudit } from './routes.ts';
