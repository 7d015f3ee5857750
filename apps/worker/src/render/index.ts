// The render job, from its first run to its end. One run does step after step until it must wait.
//
// render-stage.ts    one run: the loop over the steps, cancel before each, progress
// submit-step.ts     waits for the child that makes the purchase
// hold-step.ts       the outcome of the purchase is unknown: waits for an acceptance in the ledger
// poll-step.ts       polls the provider's task
// store-step.ts      waits for the child that stores the image
// finish-step.ts     receipt, webhooks, completed
// bury-step.ts       receipt, webhooks, dead letter, failed; and the way back, redrive
// cancel-step.ts     cancels at any step, claims or reads the purchase, receipt, webhooks, canceled
// stop-purchase.ts  the render may buy nothing more: cancels it unless it has bought
// operator-statement.ts  what an operator has stated about a purchase
// end-render.ts      what all three ends write, in which order; also used by the sweep
// transitions.ts     what a step returns, and decisions turned into it
// step-context.ts    what the steps work with
export { countPriorEnds, createReceipt, type EndDeps, endDeadRender, leaveTask } from './end-render.ts';
export { computeProgress, renderStage } from './render-stage.ts';
