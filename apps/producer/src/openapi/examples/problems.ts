import { PROBLEMS, type ProblemCode, type ProblemResponse } from '@darkroom/api';
import { ProblemError, toOpenAIError } from '../../problems/index.ts';

const EXAMPLE_RENDER = 'rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7';

/** The fields of problems that concern the input. A test compares all examples with real answers. */
const FIELDS: { [C in ProblemCode]?: ProblemResponse['problems'] } = {
  empty_body: [{ field: 'body', expected: 'JSON', received: 'nothing' }],
  invalid_utf8: [{ field: 'body', expected: 'UTF-8', received: 'bytes that are not' }],
  invalid_json: [{ field: 'body', expected: 'JSON', received: '"}" at line 1, column 12' }],
  too_deep: [{ field: 'body', expected: 'at most 32 levels', received: 'more' }],
  idempotency_key_mismatch: [
    {
      field: 'idempotency_key',
      expected: 'the key of the Idempotency-Key header',
      received: 'another key',
    },
  ],
  invalid_idempotency_key: [
    {
      field: 'Idempotency-Key',
      expected: 'at most 255 bytes in UTF-8',
      received: 'a string of 300 characters that begins with "sku-1042-front-sku-1042-front-sku-1042-f"',
    },
  ],
  batch_conflict: [{ field: 'completion_window', expected: '24h', received: '2h' }],
  run_conflict: [{ field: 'lane', expected: 'the value of the run that exists', received: 'another value' }],
  run_closed: [
    {
      field: 'run',
      expected: 'a run that is open, or no run',
      received: 'catalogue-2026-11-26, which is sealed',
    },
  ],
  invalid_request: [
    { field: 'prompt', expected: 'a string', received: 'nothing' },
    {
      field: 'image_urls[3]',
      expected: 'a public http(s) URL or a data URI (data:image/{jpeg|jpg|png|webp};base64,…)',
      received: 'the string "ftp://example.com/a.png"',
    },
  ],
  idempotency_conflict: [
    {
      field: 'idempotency_key',
      expected: 'the same request as the first one under this key',
      received: 'another size',
    },
  ],
  unsupported_media_type: [{ field: 'Content-Type', expected: 'application/json', received: 'text/plain' }],
  misdirected_request: [
    {
      field: 'Host',
      expected: 'localhost or 127.0.0.1; to use another name, set PUBLIC_URL or API_KEYS',
      received: 'another name',
    },
  ],
  body_too_large: [{ field: 'body', expected: 'a smaller body', received: 'more bytes than are allowed' }],
};

/** Details of problems whose detail says more than the title. */
const DETAILS: { [C in ProblemCode]?: string } = {
  invalid_utf8: 'The body is not UTF-8.',
  too_deep: 'The body is nested deeper than 32 levels.',
  bad_request: 'The request cannot be read: its URL, length or headers are broken.',
  idempotency_key_mismatch: 'The header and the body contain different idempotency keys.',
  invalid_json: 'The body is not JSON: see line 1, column 12.',
  invalid_idempotency_key: 'The Idempotency-Key header is invalid.',
  unauthorized: 'This path needs an API key: Authorization: Bearer <key>.',
  webhook_refused: 'This webhook is rejected: the X-ToAPIs-Webhook headers are missing.',
  forbidden: 'This key lacks the role enqueue.',
  cross_site_request: 'A page of another site cannot change anything here.',
  misdirected_request: 'This server has no API keys, so it answers only to its own host names.',
  render_not_found: 'There is no render with this id.',
  image_not_found: 'The render is not completed. Its status says more.',
  delivery_not_found: 'This render has no such webhook delivery.',
  budget_not_found: 'There is no budget with this name.',
  reconciliation_not_found: 'There is no reconciliation with this id.',
  catalogue_not_found: 'There is no catalogue with this name.',
  report_not_found: 'There is no such file of a report.',
  limit_not_found: 'There is no limit with this name.',
  worker_not_found: 'No worker with this name was seen.',
  queue_not_found: 'There is no queue with this name that can be paused.',
  pause_not_found: 'There is no pause with this name.',
  dead_letter_not_found: 'There is no open dead letter of this render.',
  key_not_found: 'There is no key with this id.',
  key_in_settings: 'This key is an entry of API_KEYS. It cannot be revoked while the producers run.',
  too_many_wrong_keys: 'Too many wrong keys were sent from this address.',
  plan_not_found: 'There is no plan with this id.',
  batch_not_found: 'There is no batch with this id.',
  batch_conflict: 'This idempotency key belongs to a batch that was requested otherwise.',
  batch_ended: 'The batch is expired.',
  file_not_found: 'There is no file with this id.',
  run_not_found: 'There is no run with this id. A label of renders alone is no run.',
  run_conflict: 'The run catalogue-2026-11-26 of tenant default exists with another lane.',
  run_closed: 'The run catalogue-2026-11-26 is sealed: it takes no more renders.',
  redrive_not_found: 'There is no redrive with this id.',
  pause_exists: 'There is a pause with the name acme-template.',
  plan_expired: 'The plan could be executed until 2026-11-23T16:00:45.349Z.',
  plan_executed: 'The redrive rdv_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7 has executed this plan.',
  redrive_ended: 'The redrive is being canceled.',
  catalogue_run_not_found: 'The catalogue shoes of tenant default has no run 2026-11-20.',
  catalogue_file_not_found: 'There is no file with this digest.',
  catalogue_schedule_not_found: 'The catalogue shoes of tenant default has no schedule.',
  catalogue_run_exists: 'The catalogue shoes has a run 2026-11-20, which was requested with something else.',
  catalogue_retry_refused: 'The run 2026-11-20-2 has delivered nothing: it is stopped.',
  catalogue_run_ended: 'The run is completed.',
  not_found: 'There is nothing at this path.',
  method_not_allowed: 'This path allows GET, HEAD.',
  idempotency_conflict: `This idempotency key belongs to render ${EXAMPLE_RENDER}, whose request was different. Use a new key for a new request.`,
  render_ended: 'The render is completed: nothing is left to cancel.',
  no_balance_readings: "There are no two readings of the provider's balance in this period.",
  no_open_purchase: 'The render is completed: its purchases are known.',
  buy_again_refused: 'The render is failed: redrive it.',
  max_spend_exceeded: 'The price is $0.030, and max_spend is $0.010.',
  body_too_large: 'The body is larger than this path allows.',
  unsupported_media_type: 'Send application/json.',
  invalid_request: '2 problems: prompt, image_urls[3].',
  rate_limited: 'This key may send 100 requests per second.',
  headers_too_large: 'The request line and headers are too long.',
  internal_error: 'Unexpected error. Search the log for the request id to find the cause.',
  too_many_connections: 'This server serves 5000 connections at the same time.',
  queue_unavailable: 'The queue cannot be reached. Try again soon.',
  store_unavailable: 'The object store cannot be reached. Try again soon.',
  restoring:
    'Renders are being restored after a restart or a loss of the queue. This one may be among them. Try again soon.',
};

const ABOUT_A_RENDER: ProblemCode[] = [
  'image_not_found',
  'delivery_not_found',
  'idempotency_conflict',
  'render_ended',
  'no_open_purchase',
  'buy_again_refused',
  'max_spend_exceeded',
];

const OF_BATCHES: ProblemCode[] = ['batch_not_found', 'batch_conflict', 'batch_ended', 'file_not_found'];

/** @param base the URL of the API. */
export function createProblemExample(code: ProblemCode, base = 'http://127.0.0.1:3000'): ProblemResponse {
  const [status, title] = PROBLEMS[code];
  const detail = DETAILS[code] ?? `${title}.`;
  const problems = FIELDS[code] ?? [];
  return {
    type: `${base}/problems/${code}`,
    title,
    status,
    detail,
    code,
    problems,
    request_id: 'req_1d0k7p2x',
    ...(ABOUT_A_RENDER.includes(code) ? { render_id: EXAMPLE_RENDER } : {}),
    ...(OF_BATCHES.includes(code)
      ? { error: toOpenAIError(new ProblemError(code, detail, { problems })) }
      : {}),
  };
}

/** One for each code, for `components.examples`. */
export const createProblemExamples = () =>
  Object.fromEntries(
    (Object.keys(PROBLEMS) as ProblemCode[]).map((code) => [
      code,
      { summary: PROBLEMS[code][1], value: createProblemExample(code) },
    ]),
  );
