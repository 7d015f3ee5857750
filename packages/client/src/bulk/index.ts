// create-many.ts   thousands of requests, chunk by chunk
// chunks.ts        a source, pulled only as fast as it is taken
// entry.ts         a request on its way: its key, its line, its outcome
// settle.ts        a chunk, sent until each of it is answered
// call.ts          one bulk call and its streamed answer
export { type CreateManyOptions, type CreateManyRun, createMany, type Tally } from './create-many.ts';
export type { CreateManyResult } from './entry.ts';
