import { bulkItemSchema, bulkSchema, bulkSummarySchema, renderRequestSchema } from '@darkroom/api';
import { z } from 'zod';
import type { Endpoint } from '../../endpoint.ts';
import { idempotencyHeader, MAX_ITEMS } from '../../intake/index.ts';
import { jsonResponse, problemResponses } from '../../openapi/index.ts';

const list = z.array(renderRequestSchema).min(1).max(MAX_ITEMS);

/** `POST /v1/renders/bulk` in the OpenAPI document. NDJSON is described by one of its lines. */
export const bulkDoc: NonNullable<Endpoint['doc']> = {
  operationId: 'createRenders',
  tags: ['Renders'],
  summary: 'Create many renders',
  description: `Each item is answered separately, in order, as \`POST /v1/renders\` would answer it.

**Request.** JSON: an array, or \`{"renders": […]}\`, of 1 to ${MAX_ITEMS.toLocaleString('en')} renders. The maximum size of the body is MAX_BODY_BYTES (64 MB by default); each render may have 128 KB besides its data URIs. NDJSON: one render per line, read while it is sent. Empty lines are skipped. The body has no maximum size. The maximum size of a line is MAX_BODY_BYTES: a longer line is an item that is rejected with \`body_too_large\`.

**Response.** With \`Accept: application/x-ndjson\` it is streamed while the request is still being sent: \`200\`, one \`BulkItem\` per line in the order of the items, and a \`BulkSummary\` as the last line. Read the response while you send: the server reads the request only as fast as you read the response. A response without a summary was cut off. Without this header the response is one JSON document, for at most ${MAX_ITEMS.toLocaleString('en')} items.

**Broken connections.** Renders that were queued stay queued. Give every item an \`idempotency_key\`, or the call an \`Idempotency-Key\`, which covers items without their own key by their position. Then you can send the whole call again, and no render is created twice.`,
  requestParams: { header: idempotencyHeader },
  requestBody: {
    required: true,
    content: {
      'application/json': { schema: z.union([list, z.strictObject({ renders: list })]) },
      'application/x-ndjson': { schema: renderRequestSchema },
    },
  },
  responses: {
    '200': jsonResponse(
      'A line of the streamed response.',
      z.union([bulkItemSchema, bulkSummarySchema]).meta({ id: 'BulkLine' }),
      { type: 'application/x-ndjson' },
    ),
    '202': jsonResponse('All renders are durably queued.', bulkSchema),
    '207': jsonResponse('Some items were rejected. `items` says which and why.', bulkSchema),
    ...problemResponses(
      'empty_body',
      'invalid_utf8',
      'invalid_json',
      'too_deep',
      'invalid_idempotency_key',
      'body_too_large',
      'unsupported_media_type',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
      'restoring',
    ),
  },
};
