// Redrives: the endpoints below /v1/redrives, for operators. A worker executes them.
//
// routes.ts         the paths, and what they answer
// actions.ts        plan, start, list, pause, resume, cancel; also for the pages
// create-plan.ts    a fixed set of renders, and what a redrive does with each
// execute-plan.ts   begins the redrive of a plan, once
// find-redrive.ts   the plan or the redrive of a request; who may see it
// list-items.ts     the renders of a redrive, page by page
// read-tallies.ts   what became of renders that were redriven before, for the groups of dead letters
// responses.ts      plans, redrives and their renders as the API shows them
export {
  controlRedrive,
  listRedrives,
  planRedrive,
  REDRIVE_CONTROL_ACTIONS,
  type RedriveControlAction,
  type RedriveDeps,
  startRedrive,
} from './actions.ts';
export { findPlan, findRedrive, readRedrive } from './find-redrive.ts';
export { listItems } from './list-items.ts';
export { createTalliesReader } from './read-tallies.ts';
export { planResponse, redriveResponse } from './responses.ts';
export { registerRedrives } from './routes.ts';
