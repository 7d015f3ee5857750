// client.ts       the provider's five calls
// submission.ts   the body of a submission
// parse.ts        what each answer means
// answers.ts      error envelopes, Retry-After, refusals
// http.ts         one exchange; tells "never connected" from "answer lost"
export { openToapis } from './client.ts';
