// The endpoints below /v1/batches and /v1/files, in the format of OpenAI: a client of OpenAI changes its base URL.
//
// routes.ts         the endpoints of batches: start here
// create-batch.ts   a request → a batch, or the one of its key (main decision: what a repeated call gets)
// file-routes.ts    the endpoints of files
// store-upload.ts   streams the file of a form to the store
// find.ts           finds batches and files of the caller's tenant
// list-results.ts   the lines of the output file and of the error file
// pages.ts          pages of lists, with OpenAI's cursors
// send-error.ts     problems that also have OpenAI's `error`
// params.ts, docs.ts  parameters, and the operations in the OpenAPI document
export { type BatchEndpointDeps, createBatchResponse } from './find.ts';
export { takePage } from './pages.ts';
export { registerBatches } from './routes.ts';
