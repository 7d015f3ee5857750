// Pauses of submission, and renders that are let through: the endpoints below /v1/pauses.
//
// routes.ts       list, create, end
// change-pauses.ts …the same for endpoints and pages (main decision: who may pause what)
// let-through.ts  POST /v1/renders/{id}/let-through
// responses.ts    a pause as the API returns it (pure)

export { type ChangePausesDeps, createPause, endPause, listPauses } from './change-pauses.ts';
export { letThrough } from './let-through.ts';
export { registerPauses } from './routes.ts';
