// A client of Darkroom's API for services. Web APIs alone; of the workspace only the API's types.
//
// darkroom.ts      createDarkroom: where, with which key, how patient
// shapes.ts        the API's shapes by the names that users know
// errors.ts        DarkroomError and its codes
// clock.ts         the only door to real time and chance
// idempotency.ts   keys, and requests as JSON
// expect.ts        options that are of no use are a TypeError at once
//
// http/       requests, sent again where that is safe; bodies as they come
// renders/    one render: create, wait, follow, list, cancel, fetch
// bulk/       thousands of them
// webhooks/   whether a webhook is Darkroom's; also `@darkroom/client/webhooks`
export type { CreateManyOptions, CreateManyResult, CreateManyRun, Tally } from './bulk/index.ts';
export { type Clock, systemClock } from './clock.ts';
export { createDarkroom, type Darkroom, type DarkroomOptions } from './darkroom.ts';
export { type ClientCode, DarkroomError, type ErrorCode } from './errors.ts';
export type { Retry, RetryOptions } from './http/index.ts';
export type {
  CallOptions,
  CreateOptions,
  EventsOptions,
  ImageFile,
  ListFilters,
  RenderEvent,
  RenderList,
  Renders,
  WaitOptions,
} from './renders/index.ts';
export {
  type AcceptedRender,
  type Delivery,
  type FinalStatus,
  hasEnded,
  type Problem,
  type ProblemCode,
  type Render,
  type RenderImage,
  type RenderPage,
  type RenderProgress,
  type RenderRequest,
  type RenderStatus,
  type WebhookEvent,
} from './types.ts';
export { type VerifyOptions, verifyWebhook, type WebhookHeaders } from './webhooks/index.ts';
