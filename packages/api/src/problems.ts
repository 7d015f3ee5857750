import { z } from 'zod';
import { RENDER_ID } from './fields.ts';

/**
 * Every way in which the API says no: HTTP status, title, and what to do about it. Stable: callers and metrics use
 * these words, and each has a page at `/problems/{code}`.
 */
export const PROBLEMS = {
  empty_body: [400, 'The body is empty', 'Send a JSON body.'],
  invalid_utf8: [400, 'The body is not UTF-8', 'Encode the body in UTF-8.'],
  invalid_json: [400, 'The body is not JSON', '`problems` names the line and column where reading stopped.'],
  too_deep: [400, 'The body is nested too deeply', 'No request needs more than a few levels.'],
  bad_request: [400, 'The request cannot be read', 'Its address, its length or a header is broken.'],
  idempotency_key_mismatch: [
    400,
    'Two idempotency keys for one render',
    'Name the key in the header or in the body, or the same one in both.',
  ],
  invalid_idempotency_key: [
    400,
    'The idempotency key cannot be used',
    'A key is 1 to 255 printable ASCII characters without blanks, bare or in double quotes.',
  ],
  unauthorized: [
    401,
    'A valid API key is needed',
    'Send `Authorization: Bearer <key>`. In a browser, give the key as the password.',
  ],
  webhook_refused: [
    401,
    "The webhook is not the provider's",
    'Its signature or timestamp does not fit TOAPIS_WEBHOOK_SECRET.',
  ],
  forbidden: [
    403,
    'This key may not do that',
    'The key is valid and lacks the role that `detail` names. An operator makes keys.',
  ],
  cross_site_request: [
    403,
    'Another site asked a browser to do this',
    'Changes are made by services, or from pages of this address.',
  ],
  render_not_found: [
    404,
    'No such render',
    'There is no render with this id, or it is of another tenant than the key.',
  ],
  image_not_found: [404, 'This render has no image', 'An image is there once the status is `completed`.'],
  delivery_not_found: [
    404,
    'No such webhook delivery',
    'The render has not ended, has no webhook, or its deliveries are older than the retention.',
  ],
  not_found: [404, 'No such page', 'See /reference for the addresses that there are.'],
  method_not_allowed: [405, 'This method is not for this page', 'The header `Allow` names those that are.'],
  idempotency_conflict: [
    409,
    'This idempotency key belongs to another request',
    '`render_id` is the render of the first request. Use a new key for a new request.',
  ],
  render_ended: [
    409,
    'The render has ended',
    'What is completed or failed cannot be canceled. A canceled render can be canceled again without harm.',
  ],
  body_too_large: [
    413,
    'The body is too large',
    'Split a bulk call, send it as NDJSON, or refer to images by URL.',
  ],
  unsupported_media_type: [
    415,
    'This kind of body is not understood',
    'Send `application/json`; bulk calls may also be `application/x-ndjson`.',
  ],
  invalid_request: [
    422,
    'The request has problems',
    '`problems` lists all of them: the field, what was expected, what came.',
  ],
  rate_limited: [
    429,
    'Too many requests with this key',
    'Wait for `Retry-After` seconds. Thousands of renders go faster in one bulk call.',
  ],
  headers_too_large: [431, 'The headers are too large', 'Send smaller headers.'],
  internal_error: [
    500,
    'Something went wrong here',
    'Nobody foresaw this. `request_id` leads to the log line that says more.',
  ],
  queue_unavailable: [
    503,
    'The queue is away',
    'Send the same request with the same idempotency key again, after `Retry-After` seconds.',
  ],
  store_unavailable: [503, 'The object store is away', 'Try again after `Retry-After` seconds.'],
} as const satisfies Record<string, readonly [number, string, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Any 4xx or 5xx: `application/problem+json` of RFC 9457. */
export const problemSchema = z
  .strictObject({
    type: z.url().meta({ description: 'A page that explains `code`.' }),
    title: z.string().meta({ description: 'The same for every problem with this `code`.' }),
    status: z.number().int().meta({ description: 'The HTTP status.' }),
    detail: z.string().meta({ description: 'What it is this time, for people.' }),
    code: z
      .enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]])
      .meta({ description: 'Stable; for programs.' }),
    problems: z
      .array(
        z.strictObject({
          field: z.string().meta({ description: '`image_urls[3]`, `prompt`, or `body` for the whole.' }),
          expected: z.string(),
          received: z.string().meta({ description: 'Shortened.' }),
        }),
      )
      .meta({ description: 'All that is wrong with the input, at most 100.' }),
    request_id: z.string().meta({ description: 'Leads to the log; also the header `X-Request-Id`.' }),
    render_id: z
      .string()
      .regex(RENDER_ID)
      .optional()
      .meta({ description: 'The render that it is about, where there is one.' }),
  })
  .meta({ id: 'Problem' });

export type ProblemResponse = z.infer<typeof problemSchema>;
