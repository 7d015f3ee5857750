// The record of purchases, in the object store.
//
// records.ts  the objects of the ledger and what they say about an attempt
// ledger.ts   claims, writes and reads them
export { Ledger } from './ledger.ts';
export type {
  Acceptance,
  AttemptHistory,
  AttemptState,
  CancelRequest,
  ClaimId,
  Intent,
  Refund,
  Release,
  RenderHistory,
  Statement,
  TaskResult,
} from './records.ts';
