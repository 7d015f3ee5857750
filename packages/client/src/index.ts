// A client of Darkroom's API for services. It uses only Web APIs, and imports only the types of `@darkroom/api`.
//
// darkroom.ts           createDarkroom
// open-transport.ts     its options; sends requests. The entry `@darkroom/client/transport` inside of this repository
// types.ts              the API's types, under the names that the client exports
// errors.ts             DarkroomError and its codes
// clock.ts              the source of time and random numbers
// render-request.ts     generates idempotency keys and writes requests as JSON
// validate-options.ts   checks options and ids, and throws a TypeError
//
// http/       sends requests, retries them, and reads responses
// renders/    one render: create, wait, events, list, cancel, image
// bulk/       thousands of renders: createMany
// webhooks/   verifies webhooks; also the entry `@darkroom/client/webhooks`
export type { CreateManyOptions, CreateManyResult, CreateManyRun, Tally } from './bulk/index.ts';
export { type Clock, systemClock } from './clock.ts';
export { createDarkroom, type Darkroom } from './darkroom.ts';
export { type ClientCode, DarkroomError, type ErrorCode } from './errors.ts';
export type { Retry, RetryOptions } from './http/index.ts';
export type { DarkroomOptions } from './open-transport.ts';
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
  type FailureCode,
  type FinalStatus,
  hasEnded,
  type Problem,
  type ProblemCode,
  type Render,
  type RenderDetail,
  type RenderImage,
  type RenderPage,
  type RenderProgress,
  type RenderRequest,
  type RenderStatus,
  type WebhookEvent,
} from './types.ts';
export { type VerifyOptions, verifyWebhook, type WebhookHeaders } from './webhooks/index.ts';
