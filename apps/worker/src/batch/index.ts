// Batches: checks the lines of a file, adds their renders, and ends the batch. The renders are a run, which counts them.
//
// batch-stage.ts    one batch as a job of the queue `batch`: start here
// batch-context.ts  what all phases of a batch share
// validate-file.ts  checks all lines before anything is bought, and writes them in parts
// render-lines.ts   adds parts with back-pressure, until the deadline or a cancel; seals the run (main decision: what is added again)
// add-lines.ts      …lines as renders
// end-batch.ts      writes how the batch ended, and its files
export { batchStage, computeBatchProgress } from './batch-stage.ts';
