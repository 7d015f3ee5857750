import {
  BATCH_ENDPOINTS,
  BATCH_LIMITS,
  type BatchEndpoint,
  type BatchProblem,
  DATA_URI,
  idempotencyKey,
  metadata,
  RESOLUTIONS,
  renderRequestSchema,
  SIZES,
} from '@darkroom/api';
import { z } from 'zod';
import { dropNulls, type FieldProblem, listFieldProblems } from '../field-problems.ts';
import { type BatchRender, batchRenderSchema, measureBatchRender } from './batch-render.ts';

/** A checked line: a line of a part of a batch. */
export const batchLineSchema = z.strictObject({
  custom_id: z.string(),
  /** In the file, from 1. */
  line: z.number(),
  request: batchRenderSchema,
});
export type BatchLine = z.infer<typeof batchLineSchema>;

export interface LineContext {
  /** The `url` that all lines must have. */
  endpoint: BatchEndpoint;
  /** Whether the tenant may use a valid webhook URL. */
  checkWebhook(url: URL): FieldProblem | undefined;
}

/** The fields around the body of a line. */
const lineSchema = z.strictObject({
  custom_id: idempotencyKey.max(BATCH_LIMITS.customId),
  method: z.literal('POST'),
  url: z.enum(BATCH_ENDPOINTS),
  body: z.record(z.string(), z.unknown()),
});

const { model, prompt, size, n, resolution, image_urls, mask_url, webhook_url } = renderRequestSchema.shape;

/** A line of `/v1/renders`. The batch has the lane, the run and the idempotency keys. */
const renderBodySchema = z
  .strictObject({
    model,
    prompt,
    size,
    n,
    resolution,
    image_urls,
    mask_url,
    metadata: metadata.optional(),
    webhook_url,
    priority: z.literal('batch').optional(),
  })
  .refine((body) => !body.mask_url || (body.image_urls?.length ?? 0) > 0, {
    path: ['mask_url'],
    error: 'expected image_urls with the image that the mask belongs to',
    when: ({ value }) => typeof value === 'object' && value !== null,
  });

/** Sizes in pixels, as OpenAI writes them: the aspect ratio, and the resolution if the width says it. */
const PIXELS = {
  '1024x1024': { size: '1:1', resolution: '1K' },
  '1536x1024': { size: '3:2', resolution: '1K' },
  '1024x1536': { size: '2:3', resolution: '1K' },
  '2048x2048': { size: '1:1', resolution: '2K' },
  '4096x4096': { size: '1:1', resolution: '4K' },
} as const;
type Pixels = keyof typeof PIXELS;

const isPixels = (text: string): text is Pixels => Object.hasOwn(PIXELS, text);

/**
 * A line of `/v1/images/generations`: the fields of OpenAI that have a certain meaning here, and `resolution`, `image_urls`
 * and `metadata`. A field without a meaning is a problem, so that no caller pays for an image with ignored wishes.
 */
const imagesBodySchema = z
  .strictObject({
    model,
    prompt,
    n,
    size: z.enum(['auto', ...(Object.keys(PIXELS) as [Pixels, ...Pixels[]]), ...SIZES]).optional(),
    resolution: z.enum(RESOLUTIONS).optional(),
    quality: z.literal('auto').optional(),
    response_format: z.literal('url').optional(),
    user: z.string().min(1).max(64).optional(),
    image_urls,
    metadata: metadata.optional(),
  })
  .refine(
    ({ size, resolution }) =>
      size === undefined ||
      resolution === undefined ||
      !isPixels(size) ||
      PIXELS[size].resolution === resolution,
    { path: ['resolution'], error: 'expected the resolution of size, or none' },
  );

/**
 * Checks one line, and reports all its problems.
 *
 * @param number of the line in the file, from 1
 */
export function checkLine(
  bytes: Uint8Array,
  number: number,
  context: LineContext,
): { line: BatchLine } | { problems: BatchProblem[] } {
  const parsed = parseLine(bytes);
  if ('problem' in parsed) return { problems: [{ ...parsed.problem, line: number }] };
  const toProblem = (prefix: string, { field, expected, received }: FieldProblem): BatchProblem => {
    const param = joinField(prefix, field);
    const code = param === 'url' ? 'invalid_url' : 'invalid_request';
    return { code, message: `${param}: expected ${expected}, received ${received}`, param, line: number };
  };
  const outer = lineSchema.safeParse(parsed.value);
  if (!outer.success) {
    const isObject =
      typeof parsed.value === 'object' && parsed.value !== null && !Array.isArray(parsed.value);
    const problems = listFieldProblems(outer.error, parsed.value, lineSchema);
    return {
      // The whole line has the name of its field `body`.
      problems: problems.map((one) => toProblem('', isObject ? one : { ...one, field: 'line' })),
    };
  }
  const { custom_id, url, body } = outer.data;
  if (url !== context.endpoint) {
    const message = `url: expected ${context.endpoint}, the endpoint of the batch, received ${url}`;
    return { problems: [{ code: 'mismatched_endpoint', message, param: 'url', line: number }] };
  }
  const checked = checkBody(body, context);
  if (Array.isArray(checked)) return { problems: checked.map((problem) => toProblem('body', problem)) };
  return { line: { custom_id, line: number, request: checked } };
}

function checkBody(body: Record<string, unknown>, context: LineContext): BatchRender | FieldProblem[] {
  const request =
    context.endpoint === '/v1/renders'
      ? readBody(body, renderBodySchema, ({ n: _n, priority: _priority, ...fields }) => fields)
      : readBody(body, imagesBodySchema, toImagesRender);
  if (Array.isArray(request)) return request;
  const problems = [...findDataUris(request), ...findWebhookProblems(request, context)];
  if (problems.length > 0) return problems;
  const excess = measureBatchRender(request);
  if (!excess) return request;
  const expected = `at least ${excess.excess} bytes less: prompt, images and metadata together are larger than a job may be`;
  return [{ field: excess.field, expected, received: `${excess.bytes} bytes` }];
}

function readBody<S extends z.ZodObject>(
  body: Record<string, unknown>,
  schema: S,
  toRender: (fields: z.output<S>) => BatchRender,
): BatchRender | FieldProblem[] {
  const parsed = schema.safeParse(dropNulls(body, schema.shape));
  return parsed.success ? toRender(parsed.data) : listFieldProblems(parsed.error, body, schema);
}

function toImagesRender({
  model,
  prompt,
  size,
  resolution,
  user,
  image_urls,
  metadata: given,
}: z.output<typeof imagesBodySchema>): BatchRender {
  const fromPixels = size !== undefined && isPixels(size) ? PIXELS[size] : undefined;
  const ratio = size === undefined || size === 'auto' || isPixels(size) ? undefined : size;
  return {
    model,
    prompt,
    size: fromPixels?.size ?? ratio,
    resolution: resolution ?? fromPixels?.resolution ?? '1K',
    image_urls,
    metadata: user === undefined ? given : { ...given, user },
  };
}

/** The bytes of an image have no place in a file of 50,000 lines: a batch takes URLs. */
function findDataUris({ image_urls = [], mask_url }: BatchRender): FieldProblem[] {
  const urls = [
    ...image_urls.map((url, index) => ({ field: `image_urls[${index}]`, url })),
    ...(mask_url === undefined ? [] : [{ field: 'mask_url', url: mask_url }]),
  ];
  return urls
    .filter(({ url }) => DATA_URI.test(url))
    .map(({ field }) => ({ field, expected: 'a public http(s) URL in a batch', received: 'a data URI' }));
}

function findWebhookProblems(
  { webhook_url: url }: BatchRender,
  { checkWebhook }: LineContext,
): FieldProblem[] {
  const problem = url === undefined ? undefined : checkWebhook(new URL(url));
  return problem ? [problem] : [];
}

const joinField = (prefix: string, field: string) => {
  if (prefix === '') return field;
  return field === 'body' ? prefix : `${prefix}.${field}`;
};

type Parsed = { value: unknown } | { problem: Omit<BatchProblem, 'line'> };

function parseLine(bytes: Uint8Array): Parsed {
  const fail = (code: string, message: string): Parsed => ({ problem: { code, message, param: null } });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail('invalid_utf8', 'The line is not UTF-8.');
  }
  // Such a field would break later code.
  if (text.includes('__proto__')) return fail('invalid_request', 'The line contains __proto__.');
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    const [, position] = /at position (\d+)/.exec((error as Error).message) ?? [];
    const place = position === undefined ? '' : ` See column ${Number(position) + 1}.`;
    return fail('invalid_json_line', `The line is not JSON.${place}`);
  }
}

/** The problems of a file: the first ones, and the count of all. */
export function createProblemCollector() {
  const listed: BatchProblem[] = [];
  let count = 0;
  return {
    add(problem: BatchProblem): void {
      count += 1;
      if (listed.length < BATCH_LIMITS.problems) listed.push(problem);
    },
    get count() {
      return count;
    },
    listed,
  };
}
