// render-stage.ts   one run of a render, step by step from its checkpoint
// submit-step.ts    has it bought by a child
// hold-step.ts      nobody knows whether it was bought: wait for word
// poll-step.ts      one look at the provider's task
// store-step.ts     has the image brought home by a child
// finish-step.ts    receipt, done
// bury-step.ts      dead letter, receipt, failed; and the way back, redrive
// cancel-step.ts    stops at any step, says what was spent, receipt, done
// moves.ts          what a step can answer
// deps.ts           what the steps work with

export { receiptBase } from './finish-step.ts';
export * from './render-deps.ts';
export * from './render-stage.ts';
export { createFailure } from './transitions.ts';
