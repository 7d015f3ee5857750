// create-many.ts           creates thousands of renders, chunk by chunk
// entries.ts               requests of the source as entries of a bulk call, grouped into chunks
// send-until-answered.ts   sends a chunk until each entry has an outcome
// bulk-call.ts             one bulk call and its streamed response
export {
  type CreateManyOptions,
  type CreateManyResult,
  type CreateManyRun,
  createMany,
  type Tally,
} from './create-many.ts';
