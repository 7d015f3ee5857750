// Batches: files with one request per line, in the format of OpenAI. The renders of a batch are a run.
//
// records.ts       the records in the store: batch, check, cancel, end, file
// batch-keys.ts    their keys, and the ids that are derived from a batch
// batch-store.ts   reads, writes and lists batches
// file-store.ts    reads, writes and lists files
// batch-queue.ts   adds the job of a batch to its queue
// read-lines.ts    a stream of bytes → lines
// check-line.ts    a line → a request, or its problems (main decision: what a line can be)
// batch-render.ts  the request of a line as a render
// batch-response.ts  the API's response about a batch (pure)
// result-line.ts   a line of the output file or of the error file (pure)
export { BATCHES_BY_TIME_PREFIX, batchRenderId, batchRun, outputFileId } from './batch-keys.ts';
export { addBatchJob, batchJobId, resumeBatches, wakeBatch } from './batch-queue.ts';
export { type BatchRender, packBatchRender } from './batch-render.ts';
export { type BatchFacts, batchResponse, fileResponse } from './batch-response.ts';
export { BatchStore } from './batch-store.ts';
export { type BatchLine, checkLine, createProblemCollector, type LineContext } from './check-line.ts';
export { FileStore } from './file-store.ts';
export { readLines } from './read-lines.ts';
export {
  type BatchCancel,
  type BatchCheck,
  type BatchEnd,
  type BatchRecord,
  type BatchRef,
  type FileRecord,
  PART_LINES,
} from './records.ts';
export {
  describeNotBought,
  failedResult,
  imagesResult,
  type ResultFacts,
  rendersResult,
} from './result-line.ts';
