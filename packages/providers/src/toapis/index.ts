// client.ts       the provider's calls
// submission.ts   the body of a submission
// parse.ts        what each response means
// refusal.ts      error envelopes, Retry-After, responses after which certainly nothing was bought
// http.ts         one request; distinguishes "not connected" from "response lost"
export { openToapis } from './client.ts';
export { createSubmissionBody } from './submission.ts';
