// Redrives: executes plans, which are fixed sets of failed renders.
//
// redrive-stage.ts   runs a redrive as a job of the queue `redrive`: start here
// pace.ts            how many renders are due
// start-renders.ts   skips a render that has changed, or starts it
// check-ends.ts      which started renders have ended, and how
// end-redrive.ts     writes how the redrive ended
export { computeRedriveProgress, redriveStage } from './redrive-stage.ts';
