import { z } from 'zod';
import { BATCH_ID } from './batches.ts';
import { DATA_URI, LIMITS, MODELS, PRIORITIES, RESOLUTIONS, RUN, SIZES } from './fields.ts';

// Splitting a text of many megabytes into code points is slow. A text this long is over the limit in any case.
const countCharacters = (text: string) => (text.length > 4 * LIMITS.prompt ? text.length : [...text].length);
// A UTF-16 unit takes at most three bytes in UTF-8, so a short text is within the limit without encoding it.
const fitsInBytes = (text: string, limit: number) =>
  3 * text.length <= limit || new TextEncoder().encode(text).length <= limit;
// JSON writes each of these characters with six bytes, so a prompt full of them would exceed the size of a job (I5).
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;
// The URL parser accepts spaces and line breaks inside a URL. The provider, which fetches the URL, may not.
const isHttpUrl = (text: string) => /^https?:\/\/[^\s\u0000-\u001f]+$/i.test(text) && URL.canParse(text);

/**
 * What is wrong with a text that is no http(s) URL. Quotes nothing of it but its scheme: it may contain a secret (I8).
 *
 * @returns `undefined` when no more can be said than that it is no URL.
 */
function describeUrlProblem(text: string): string | undefined {
  const blank = /[\s\u0000-\u001f]/.exec(text);
  if (blank) {
    const code = encodeURIComponent(blank[0]);
    const name = blank[0] === ' ' ? 'a space' : /[\r\n]/.test(blank[0]) ? 'a line break' : 'a blank';
    return `${name} at position ${blank.index + 1}; write ${code}`;
  }
  const [, scheme] = /^([a-z][a-z0-9+.-]{0,19}):/i.exec(text) ?? [];
  if (scheme === undefined) return text === '' ? undefined : 'a text without a scheme such as https://';
  if (/^data$/i.test(scheme)) {
    if (!/;base64,/i.test(text.slice(0, 200))) return 'a data URI without ;base64,';
    const [, type = 'another type'] = /^data:([\w.+-]+\/[\w.+-]+)/i.exec(text.slice(0, 100)) ?? [];
    return `a data URI of ${type}`;
  }
  if (!/^https?$/i.test(scheme)) return `a URL with the scheme ${scheme.toLowerCase()}`;
  return /^https?:\/\//i.test(text) ? 'a URL that cannot be parsed' : 'a URL without // after the scheme';
}

/** Adds an issue with what was received, in place of a description of the value. */
function addUrlIssue(text: string, context: z.core.$RefinementCtx<string>, message: string): void {
  const received = describeUrlProblem(text);
  const params = received === undefined ? {} : { params: { received } };
  context.addIssue({ code: 'custom', message, ...params });
}

const imageUrl = z
  .string()
  .superRefine((text, context) => {
    if (isHttpUrl(text) || DATA_URI.test(text)) return;
    const expected = 'expected a public http(s) URL or a data URI (data:image/{jpeg|jpg|png|webp};base64,…)';
    addUrlIssue(text, context, expected);
  })
  .refine((text) => !isHttpUrl(text) || text.length <= LIMITS.url, {
    error: `expected a URL of at most ${LIMITS.url} characters`,
  })
  .meta({
    description: `A public http(s) URL of at most ${LIMITS.url} characters, or a data URI \`data:image/{jpeg|jpg|png|webp};base64,…\`.`,
  });

/** A string, or the `{"url"}` object of the provider's newer documentation. */
const imageEntry = z
  .union([imageUrl, z.strictObject({ url: imageUrl })])
  .transform((entry) => (typeof entry === 'string' ? entry : entry.url));

// JavaScript rounds larger integers: the caller would get back another number than it sent.
const safeNumber = z.number().refine((value) => !Number.isInteger(value) || Number.isSafeInteger(value), {
  error: 'expected an integer from -(2^53 - 1) to 2^53 - 1; send larger integers as strings',
});

// PostgreSQL, which can store the queue, rejects NUL and lone surrogates in JSON.
const storableText = z.string().refine((text) => text.isWellFormed() && !text.includes('\0'), {
  error: 'expected text without NUL and without lone surrogates',
});

export const metadata = z
  .record(
    storableText
      .min(1, { error: 'expected a key of at least 1 character' })
      .max(64, { error: 'expected a key of at most 64 characters' }),
    z.union([storableText, safeNumber, z.boolean(), z.null()]),
  )
  .refine((value) => Object.keys(value).length <= LIMITS.metadataKeys, {
    error: `expected at most ${LIMITS.metadataKeys} keys`,
  })
  .refine((value) => fitsInBytes(JSON.stringify(value), LIMITS.metadataBytes), {
    error: `expected at most ${LIMITS.metadataBytes} bytes of JSON`,
  });

export const idempotencyKey = z
  .string()
  .min(1)
  .refine((text) => fitsInBytes(text, LIMITS.idempotencyKey), {
    error: `expected at most ${LIMITS.idempotencyKey} bytes in UTF-8`,
  })
  // Keys that Darkroom derives contain a line break, so they never equal a caller's key.
  .refine((text) => !/[\u0000-\u001f\u007f]/.test(text) && text.isWellFormed(), {
    error: 'expected text without control characters and without lone surrogates',
  })
  .meta({ maxLength: LIMITS.idempotencyKey });

export const webhookUrl = z
  .string()
  .max(LIMITS.webhookUrl)
  .superRefine((text, context) => {
    if (!isHttpUrl(text)) addUrlIssue(text, context, 'expected an http(s) URL without user and password');
  })
  .refine((text) => !isHttpUrl(text) || (!new URL(text).username && !new URL(text).password), {
    error: 'expected an http(s) URL without user and password',
  });

/**
 * The request for a render: the fields of the provider's contract, and the fields that Darkroom adds. Remove optional
 * fields that are `null` before parsing: they count as absent.
 */
export const renderRequestSchema = z
  .strictObject({
    model: z.enum(MODELS).default('gemini-3-pro-image-preview'),
    prompt: z
      .string()
      .refine((text) => text.trim().length > 0, { error: 'expected text that is not blank' })
      .refine((text) => text.length <= LIMITS.prompt || countCharacters(text) <= LIMITS.prompt, {
        error: `expected at most ${LIMITS.prompt} characters`,
      })
      .refine((text) => !CONTROL_CHARACTERS.test(text), { error: 'expected no control characters' })
      .refine((text) => text.isWellFormed(), {
        error: 'expected text without lone surrogates',
      })
      .meta({
        description: 'A description of the image. It must not be blank or contain control characters.',
        minLength: 1,
        maxLength: LIMITS.prompt,
      }),
    size: z
      .enum(SIZES)
      .optional()
      .meta({ description: 'The aspect ratio, width to height. Without it, the provider chooses one.' }),
    n: z.literal(1).optional().meta({ description: 'One render is one image.' }),
    resolution: z
      .enum(RESOLUTIONS)
      .default('1K')
      .meta({ description: 'The resolution determines the price.' }),
    image_urls: z
      .array(imageEntry)
      .max(LIMITS.images)
      .optional()
      .meta({
        description: `Reference images. An image in a data URI must be at most ${LIMITS.imageBytes / 1024 / 1024} MB when decoded.`,
      }),
    mask_url: imageUrl.optional().meta({
      description: `A PNG with the same width and height as the reference image, at most ${LIMITS.maskBytes / 1024 / 1024} MB. Requires \`image_urls\`.`,
    }),
    priority: z.enum(PRIORITIES).default('interactive').meta({
      description:
        'Darkroom submits `interactive` renders before `batch` renders. In a run with a lane, that lane is the default.',
    }),
    metadata: metadata.optional().meta({
      description: `Your own data. Darkroom stores it and returns it with the render. At most ${LIMITS.metadataKeys} keys and ${LIMITS.metadataBytes} bytes of JSON.`,
      maxProperties: LIMITS.metadataKeys,
    }),
    run: z
      .string()
      .regex(RUN, {
        error: `expected 1 to ${LIMITS.run} letters, digits, dots, dashes or underscores, starting with a letter or digit`,
      })
      .refine((run) => !BATCH_ID.test(run), {
        error: 'expected another run: only the lines of a batch are renders of its run',
      })
      .optional()
      .meta({
        description:
          'The id of a run that was created with `POST /v1/runs`, which then counts the render, or a plain label. `GET /v1/renders?run=…` lists its renders.',
      }),
    webhook_url: webhookUrl.optional().meta({
      description:
        "Darkroom sends a signed webhook to this URL when the render ends. It replaces the tenant's default URL.",
      format: 'uri',
    }),
    idempotency_key: idempotencyKey.optional().meta({
      description:
        'Any text of at most 255 bytes in UTF-8, without control characters. The same key always returns the same render, without a time limit. You can send it in the header `Idempotency-Key` instead.',
    }),
  })
  .refine((request) => !request.mask_url || (request.image_urls?.length ?? 0) > 0, {
    path: ['mask_url'],
    error: 'expected image_urls with the image that the mask belongs to',
    // By default zod skips this check when another field is wrong. The caller must get all problems at once.
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  })
  .meta({ id: 'RenderRequest' });

/** A valid request. Fields with a default are set. */
export type RenderRequest = z.infer<typeof renderRequestSchema>;

/** A request as a caller sends it. Fields with a default are optional. */
export type RenderRequestInput = z.input<typeof renderRequestSchema>;
