import { PROBLEMS, type ProblemCode, type ProblemResponse } from '@darkroom/api';

/** The fields of problems that concern the input. */
const FIELDS: { [C in ProblemCode]?: ProblemResponse['problems'] } = {
  invalid_request: [
    { field: 'prompt', expected: 'a string', received: 'nothing' },
    {
      field: 'image_urls[3]',
      expected: 'a public http(s) URL or a data URI',
      received: '"ftp://example.com/a.png"',
    },
  ],
  idempotency_conflict: [{ field: 'size', expected: 'as in the first request', received: 'another value' }],
  invalid_json: [{ field: 'body', expected: 'JSON', received: 'no value at line 1, column 12' }],
  unsupported_media_type: [{ field: 'Content-Type', expected: 'application/json', received: 'text/plain' }],
  body_too_large: [{ field: 'body', expected: 'a smaller body', received: 'more bytes than are allowed' }],
};

/** Details of problems whose detail says more than the title. */
const DETAILS: { [C in ProblemCode]?: string } = {
  invalid_request: '2 problems: prompt, image_urls[3].',
  unauthorized: 'This path needs an API key: Authorization: Bearer <key>.',
  forbidden: 'This key lacks the role enqueue.',
  render_not_found: 'There is no render with this id.',
  image_not_found: 'The render is not completed. Its status says more.',
  rate_limited: 'This key may send 100 requests per second.',
  method_not_allowed: 'This path allows GET, HEAD.',
  queue_unavailable: 'The queue cannot be reached. Try again soon.',
  store_unavailable: 'The object store cannot be reached. Try again soon.',
};

const ABOUT_A_RENDER: ProblemCode[] = ['image_not_found', 'idempotency_conflict', 'render_ended'];

/** @param base the URL of the API. */
export function createProblemExample(code: ProblemCode, base = 'http://127.0.0.1:3000'): ProblemResponse {
  const [status, title] = PROBLEMS[code];
  return {
    type: `${base}/problems/${code}`,
    title,
    status,
    detail: DETAILS[code] ?? `${title}.`,
    code,
    problems: FIELDS[code] ?? [],
    request_id: 'req_1d0k7p2x',
    ...(ABOUT_A_RENDER.includes(code) ? { render_id: 'rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7' } : {}),
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
