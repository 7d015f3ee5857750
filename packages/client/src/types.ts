import type {
  AcceptedResponse,
  BulkSummary,
  DeliveryResponse,
  FinalStatus,
  ProblemResponse,
  ProgressEvent,
  RenderDetailResponse,
  RenderListResponse,
  RenderRequestInput,
  RenderResponse,
} from '@darkroom/api';

/** The API's types, under the names that the client exports. Only types are imported: at run time, nothing is loaded. */

/** What to render. Only `prompt` is required. */
export type RenderRequest = RenderRequestInput;
/** A durably queued render. `duplicate` is true when an earlier request with the same key created it. */
export type AcceptedRender = AcceptedResponse;
/** The current state of a render. */
export type Render = RenderResponse;
/** A render with its queue position, its ETA and the state of its webhook: what `get` and `wait` return. */
export type RenderDetail = RenderDetailResponse;
export type RenderImage = NonNullable<RenderResponse['image']>;
/** One page of a list. */
export type RenderPage = RenderListResponse;
export type RenderProgress = ProgressEvent;
/** The delivery of a webhook. */
export type Delivery = DeliveryResponse;
/** An error response of the API, RFC 9457. */
export type Problem = ProblemResponse;
export type { FailureCode, ProblemCode, RenderStatus, WebhookEvent } from '@darkroom/api';
export type { FinalStatus };

/** A line of a streamed bulk response. */
export type BulkLine =
  | { index: number; status: 202; render: AcceptedRender }
  | { index: number; status: number; error: Problem }
  | BulkSummary;

const FINAL_STATUSES: readonly Render['status'][] = [
  'completed',
  'failed',
  'canceled',
] satisfies FinalStatus[];

/** Whether a render has ended. An operator can still redrive a failed render. */
export function hasEnded(render: { status: Render['status'] }): boolean {
  return FINAL_STATUSES.includes(render.status);
}
