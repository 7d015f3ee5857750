import { z } from 'zod';
import { RENDER_ID } from './fields.ts';

/**
 * All errors of the API, by code: HTTP status, title, and advice for the caller. Callers and metrics depend on the codes, so
 * a code must not change. Each code has a page at `/problems/{code}`.
 */
export const PROBLEMS = {
  empty_body: [400, 'The body is empty', 'Send a JSON body.'],
  invalid_utf8: [400, 'The body is not valid UTF-8', 'Encode the body in UTF-8.'],
  invalid_json: [400, 'The body is not JSON', '`problems` contains the line and column of the syntax error.'],
  too_deep: [400, 'The body is nested too deeply', 'Valid requests have only a few levels.'],
  bad_request: [
    400,
    'The request cannot be read',
    'Check the URL, the length and the headers of the request.',
  ],
  idempotency_key_mismatch: [
    400,
    'The request has two different idempotency keys',
    'Send the key in the header or in the body. If you send both, they must be equal.',
  ],
  invalid_idempotency_key: [
    400,
    'The idempotency key is not valid',
    'Send 1 to 255 bytes without control characters. In the header, percent-encode every character that is not printable ASCII, every space and every `%`, or put the key in double quotes.',
  ],
  unauthorized: [
    401,
    'A valid API key is required',
    'Send `Authorization: Bearer <key>`. In a browser, enter the key as the password.',
  ],
  webhook_refused: [
    401,
    'The webhook is not from the provider',
    'Its signature or timestamp does not match TOAPIS_WEBHOOK_SECRET. Check this setting and the clock of the server.',
  ],
  forbidden: [
    403,
    'The API key does not allow this request',
    'The key is valid, but it does not have the role in `detail`. An operator can create a key with this role.',
  ],
  cross_site_request: [
    403,
    'A browser sent this request from another site',
    'Change data from a service, or from the pages of this server.',
  ],
  render_not_found: [404, 'No such render', 'Check the id. A key finds only the renders of its own tenant.'],
  image_not_found: [404, 'The render has no image', 'The image exists when `status` is `completed`.'],
  delivery_not_found: [
    404,
    'No such webhook delivery',
    'The render has not ended, it has no webhook, or the retention time of its deliveries is over.',
  ],
  budget_not_found: [404, 'No such budget', '`GET /v1/budgets` lists the budgets.'],
  reconciliation_not_found: [404, 'No such reconciliation', '`GET /v1/reconcile` lists the latest ones.'],
  catalogue_not_found: [
    404,
    'No such catalogue',
    'A catalogue exists when it has run. A key finds only the catalogues of its own tenant. A key of all tenants names the tenant, too: `acme:shoes`.',
  ],
  report_not_found: [
    404,
    'No such report',
    'The report of a run exists when the run has delivered its images.',
  ],
  limit_not_found: [404, 'No such limit', '`GET /v1/limits` lists the limits.'],
  worker_not_found: [404, 'No such worker', '`GET /v1/workers` lists the workers that were seen.'],
  queue_not_found: [404, 'No such queue', '`GET /v1/queues` lists the queues that can be paused.'],
  pause_not_found: [404, 'No such pause', '`GET /v1/pauses` lists all pauses.'],
  dead_letter_not_found: [
    404,
    'No such dead letter',
    'The render has not failed, was redriven, or its dead letter was discarded. `GET /v1/dead-letters` lists the open ones.',
  ],
  key_not_found: [404, 'No such API key', '`GET /v1/keys` lists the keys.'],
  plan_not_found: [404, 'No such plan', 'Make a plan with `POST /v1/redrives` and `"dry_run": true`.'],
  run_not_found: [404, 'No such run', '`GET /v1/runs` lists them.'],
  batch_not_found: [
    404,
    'No such batch',
    '`GET /v1/batches` lists them. A key finds only the batches of its own tenant.',
  ],
  file_not_found: [404, 'No such file', '`GET /v1/files` lists them. Upload a file with `POST /v1/files`.'],
  redrive_not_found: [404, 'No such redrive', '`GET /v1/redrives` lists them.'],
  catalogue_run_not_found: [
    404,
    'No such run of a catalogue',
    '`GET /v1/catalogues/{name}/runs` lists the runs. A key finds only the catalogues of its own tenant.',
  ],
  catalogue_file_not_found: [
    404,
    'The file was not uploaded',
    'Upload it with `PUT /v1/catalogues/{name}/files/{sha256}`.',
  ],
  catalogue_schedule_not_found: [
    404,
    'The catalogue has no schedule',
    'Schedule it with `PUT /v1/catalogues/{name}/schedule`. `GET /v1/catalogues` lists all catalogues.',
  ],
  not_found: [404, 'No such page', 'See /reference for all endpoints.'],
  method_not_allowed: [405, 'The method is not allowed', 'The header `Allow` lists the allowed methods.'],
  idempotency_conflict: [
    409,
    'This idempotency key belongs to another request',
    '`render_id` is the render of the first request. Use a new key for a new request.',
  ],
  no_balance_readings: [
    409,
    'The balance was not read at both edges',
    'Workers read the balance of the provider every few minutes. Choose a period in which a worker was running, with an account that has a balance.',
  ],
  render_ended: [
    409,
    'The render has ended',
    'A completed or failed render cannot be canceled. Canceling a canceled render again succeeds.',
  ],
  no_open_purchase: [
    409,
    'No purchase of this render needs a statement',
    'A statement is possible while a render is held, and after it failed with `submission_unknown`, `task_lost` or `task_timeout`.',
  ],
  buy_again_refused: [
    409,
    'The render cannot be bought again',
    'Only a completed or canceled render is bought again, while the store has its reference images. `detail` says what is wrong. Redrive a failed render.',
  ],
  max_spend_exceeded: [
    409,
    'The price is higher than `max_spend`, or not known',
    'Nothing was bought. A dry run has the price. A price that is not known needs PRICES, or a call without `max_spend`.',
  ],
  pause_exists: [
    409,
    'A pause with this name exists',
    'Choose another name. Pauses stack: renders go on when the last one has ended.',
  ],
  run_conflict: [
    409,
    'A run with this id exists',
    'The same id always names the same run. Choose another id, or create it with the same definition.',
  ],
  run_closed: [
    409,
    'The run takes no more renders',
    'It was sealed or canceled, its deadline has passed, or it has finished. Create another run, or send the render without `run`.',
  ],
  plan_expired: [409, 'The plan has expired', 'Make a new plan: prices and expiry times have changed since.'],
  plan_executed: [
    409,
    'The plan was executed already',
    'A plan is executed once. `detail` names its redrive. Make a new plan for the renders that failed again.',
  ],
  batch_conflict: [
    409,
    'This idempotency key belongs to another batch',
    'The same key always names the same batch. Use a new key for a new batch.',
  ],
  batch_ended: [409, 'The batch has ended', 'A batch that has ended cannot be canceled.'],
  catalogue_run_exists: [
    409,
    'A run with this name exists, and it is another one',
    'The run of this name was requested with another catalogue file, other files, guards or plan. Choose another name with `run`.',
  ],
  catalogue_retry_refused: [
    409,
    'The run cannot be retried',
    'It has not ended, has delivered nothing, or a later run has delivered since. `detail` says which. Retry the later run, or run the catalogue.',
  ],
  catalogue_run_ended: [409, 'The run has ended', 'A run that has ended cannot be canceled.'],
  redrive_ended: [
    409,
    'The redrive has ended',
    'A redrive that has ended cannot be paused, resumed or canceled.',
  ],
  key_in_settings: [
    409,
    'This key is an entry of API_KEYS',
    'Remove the entry from API_KEYS and restart the producers. Only keys that were made with `POST /v1/keys` can be revoked while the producers run.',
  ],
  body_too_large: [
    413,
    'The body is too large',
    'Split a bulk call, send it as NDJSON, or send URLs of images in place of data URIs.',
  ],
  unsupported_media_type: [
    415,
    'The content type is not supported',
    'Send `application/json`. Bulk calls also accept `application/x-ndjson`.',
  ],
  misdirected_request: [
    421,
    'This is not a name of this server',
    'Without API keys, the server answers only to localhost, loopback addresses, HOST and the host of PUBLIC_URL. Use one of these names, set PUBLIC_URL, or set API_KEYS.',
  ],
  invalid_request: [
    422,
    'The request has problems',
    '`problems` lists them, each with the field, the expected value and the received value. `more_problems` counts the others.',
  ],
  rate_limited: [
    429,
    'Too many requests with this API key',
    'Wait for `Retry-After` seconds. To create thousands of renders, use bulk calls. To wait for thousands of renders, use webhooks.',
  ],
  too_many_wrong_keys: [
    429,
    'Too many wrong API keys from this address',
    'Wait for `Retry-After` seconds. A right key is accepted all the time.',
  ],
  headers_too_large: [431, 'The headers are too large', 'Send smaller headers.'],
  internal_error: [
    500,
    'Internal error',
    'Unexpected error. `request_id` leads to the log line with the details.',
  ],
  too_many_connections: [
    503,
    'The server has too many open connections',
    'Wait for `Retry-After` seconds. Then send the same request with the same idempotency key again. Use fewer connections, and close those that you do not need.',
  ],
  queue_unavailable: [
    503,
    'The queue is unavailable',
    'Wait for `Retry-After` seconds. Then send the same request with the same idempotency key again.',
  ],
  store_unavailable: [
    503,
    'The object store is unavailable',
    'Wait for `Retry-After` seconds. Then send the same request with the same idempotency key again.',
  ],
  restoring: [
    503,
    'Renders are being restored',
    'The queue was restarted or lost, and the renders that it lacks are added again from the object store. Wait for `Retry-After` seconds. Then send the same request with the same idempotency key again.',
  ],
} as const satisfies Record<string, readonly [number, string, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** The body of every 4xx and 5xx response: `application/problem+json`, RFC 9457. */
export const problemSchema = z
  .strictObject({
    type: z.url().meta({ description: 'The URL of a page that explains `code`.' }),
    title: z.string().meta({ description: 'A short text, the same for all problems with this `code`.' }),
    status: z.number().int().meta({ description: 'The HTTP status code.' }),
    detail: z.string().meta({ description: 'An explanation of this problem, for people.' }),
    code: z
      .enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]])
      .meta({ description: 'For programs. Codes do not change.' }),
    problems: z
      .array(
        z.strictObject({
          field: z
            .string()
            .meta({ description: 'For example `image_urls[3]` or `prompt`; `body` for the whole body.' }),
          expected: z.string().meta({ description: 'What the API accepts.' }),
          received: z.string().meta({ description: 'What the request contains, shortened.' }),
        }),
      )
      .meta({
        description:
          'The problems of the request: at most 100, for an item of a bulk call at most 20. A bulk response in JSON lists at most 2,000.',
      }),
    more_problems: z
      .number()
      .int()
      .min(1)
      .optional()
      .meta({ description: 'How many more problems the request has. `problems` does not list them.' }),
    request_id: z
      .string()
      .meta({ description: 'Find it in the logs. The header `X-Request-Id` has the same value.' }),
    render_id: z
      .string()
      .regex(RENDER_ID)
      .optional()
      .meta({ description: 'The render that the problem is about.' }),
    error: z
      .strictObject({
        message: z.string(),
        type: z.string(),
        param: z.string().nullable(),
        code: z.string(),
      })
      .optional()
      .meta({ description: "Only below `/v1/batches` and `/v1/files`: the same in OpenAI's format." }),
  })
  .meta({ id: 'Problem' });

export type ProblemResponse = z.infer<typeof problemSchema>;
