import { bulkItemSchema, bulkSchema, bulkSummarySchema, renderRequestSchema } from '@darkroom/api';
import { z } from 'zod';
import type { Endpoint } from '../../http/index.ts';
import { MAX_ITEMS } from '../../intake/index.ts';
import { jsonResponse, problemResponses } from '../../openapi/index.ts';
import { idempotencyHeader } from '../headers.ts';

const list = z.array(renderRequestSchema).min(1).max(MAX_ITEMS);

/** How the API's description tells `POST /v1/renders/bulk`. NDJSON is described by one of its lines. */
export const bulkDoc: NonNullable<Endpoint['doc']> = {
  operationId: 'createRenders',
  tags: ['Renders'],
  summary: 'Ask for many renders',
  description: `Each item is answered by itself, in order: as \`POST /v1/renders\` would answer it.

**Request.** JSON: an array, or \`{"renders": […]}\`, of 1 to ${MAX_ITEMS.toLocaleString('en')} renders; the whole body may be MAX_BODY_BYTES (64 MB unless set otherwise). NDJSON: one render a line, empty lines skipped, read while it is sent; the body may be of any length, one line may be MAX_BODY_BYTES, and a longer line is an item that is refused with \`body_too_large\`.

**Answer.** With \`Accept: application/x-ndjson\` it is streamed: \`200\`, a \`BulkItem\` a line in the order of the items, while the request is still being sent, and a \`BulkSummary\` as the last line. Read it while you send: a caller that does not read is not read either. An answer without a summary was cut off. Otherwise it is one JSON document, for at most ${MAX_ITEMS.toLocaleString('en')} items.

**Broken connections.** What was added stays. Give every item an \`idempotency_key\`, or the call an \`Idempotency-Key\`, which covers items without their own by position: then the whole call can be sent again and makes nothing twice.`,
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
      'The streamed answer: what each line is.',
      z.union([bulkItemSchema, bulkSummarySchema]).meta({ id: 'BulkLine' }),
      { type: 'application/x-ndjson' },
    ),
    '202': jsonResponse('All are durably queued.', bulkSchema),
    '207': jsonResponse('Some are not; each says so itself.', bulkSchema),
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
    ),
  },
};
