import type {
  AcceptedResponse,
  BulkSummary,
  DeliveryResponse,
  ProblemResponse,
  ProgressEvent,
  RenderListResponse,
  RenderRequestInput,
  RenderResponse,
} from '@darkroom/api';

/** The API's shapes by the names that its users know. Types alone: at run time nothing is imported. */

/** What to render. Only `prompt` is required. */
export type RenderRequest = RenderRequestInput;
/** A render that is durably queued; `duplicate` tells that its key had made it before. */
export type AcceptedRender = AcceptedResponse;
/** A render as it stands. */
export type Render = RenderResponse;
export type RenderImage = NonNullable<RenderResponse['image']>;
/** One page of a list. */
export type RenderPage = RenderListResponse;
export type RenderProgress = ProgressEvent;
/** A webhook about the end of a render, and how its delivery goes. */
export type Delivery = DeliveryResponse;
/** RFC 9457. */
export type Problem = ProblemResponse;
export type { FinalStatus, ProblemCode, RenderStatus, WebhookEvent } from '@darkroom/api';

/** A line of a streamed answer to a bulk call. */
export type BulkLine =
  | { index: number; status: 202; render: AcceptedRender }
  | { index: number; status: number; error: Problem }
  | BulkSummary;

const ENDED: readonly string[] = ['completed', 'failed', 'canceled'];

/** Whether a render has ended. A failed one may still be redriven by an operator. */
export function hasEnded(render: { status: Render['status'] }): boolean {
  return ENDED.includes(render.status);
}
