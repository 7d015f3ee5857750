import { z } from 'zod';
import { DATA_URI, LIMITS, MODELS, PRIORITIES, RESOLUTIONS, RUN, SIZES } from './fields.ts';

// Counts no further than needed: a text of many megabytes is refused, not taken apart.
const characters = (text: string) => (text.length > 4 * LIMITS.prompt ? text.length : [...text].length);
// No character takes more than three bytes of UTF-8 for each of its units: few of them need no counting.
const bytes = (text: string, enough: number) =>
  3 * text.length <= enough ? text.length : new TextEncoder().encode(text).length;
// Characters that no prompt needs and that six bytes of JSON each would let break the size of a job (I5).
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;
// A URL parser forgives blanks and line breaks inside; whoever fetches it may not.
const isHttpUrl = (text: string) => /^https?:\/\/[^\s\u0000-\u001f]+$/i.test(text) && URL.canParse(text);

const imageAddress = z
  .string()
  .refine((text) => isHttpUrl(text) || DATA_URI.test(text), {
    error:
      'expected a public http(s) URL or a data URI that begins with data:image/{jpeg|jpg|png|webp};base64,',
  })
  .refine((text) => !isHttpUrl(text) || text.length <= LIMITS.url, {
    error: `expected a URL of at most ${LIMITS.url} characters`,
  })
  .meta({
    description: `A public http(s) URL of at most ${LIMITS.url} characters, or a data URI \`data:image/{jpeg|jpg|png|webp};base64,…\`.`,
  });

/** A plain string, or the `{"url"}` object that the provider's newer documentation shows. */
const imageEntry = z
  .union([imageAddress, z.strictObject({ url: imageAddress })])
  .transform((entry) => (typeof entry === 'string' ? entry : entry.url));

// Beyond it a number comes back as another one.
const keptNumber = z.number().refine((value) => !Number.isInteger(value) || Number.isSafeInteger(value), {
  error: 'expected a number that JSON keeps exactly; send it as a string',
});

// Databases below the queue refuse both.
const keptText = z.string().refine((text) => text.isWellFormed() && !text.includes('\0'), {
  error: 'expected text without NUL and without half surrogate pairs',
});

const metadata = z
  .record(
    keptText
      .min(1, { error: 'expected a key that is not empty' })
      .max(64, { error: 'expected a key of at most 64 characters' }),
    z.union([keptText, keptNumber, z.boolean(), z.null()]),
  )
  .refine((value) => Object.keys(value).length <= LIMITS.metadataKeys, {
    error: `expected at most ${LIMITS.metadataKeys} keys`,
  })
  .refine((value) => bytes(JSON.stringify(value), LIMITS.metadataBytes) <= LIMITS.metadataBytes, {
    error: `expected at most ${LIMITS.metadataBytes} bytes as JSON`,
  });

export const idempotencyKey = z
  .string()
  .min(1)
  .max(LIMITS.idempotencyKey)
  .regex(/^[\x21-\x7e]+$/, { error: 'expected printable ASCII characters without spaces' });

const webhookUrl = z
  .string()
  .max(LIMITS.webhookUrl)
  .refine((text) => isHttpUrl(text) && !new URL(text).username && !new URL(text).password, {
    error: 'expected an http(s) URL without user and password',
  });

/** What a service may ask for: the fields of the provider's contract, and what Darkroom adds. */
export const renderRequestSchema = z
  .strictObject({
    model: z.enum(MODELS).default('gemini-3-pro-image-preview'),
    prompt: z
      .string()
      .refine((text) => text.trim().length > 0, { error: 'expected some text' })
      .refine((text) => text.length <= LIMITS.prompt || characters(text) <= LIMITS.prompt, {
        error: `expected at most ${LIMITS.prompt} characters`,
      })
      .refine((text) => !CONTROL.test(text), { error: 'expected no control characters' })
      .refine((text) => text.isWellFormed(), {
        error: 'expected whole characters, not half of a surrogate pair',
      })
      .meta({
        description: 'What the image shows; not blank, no control characters.',
        minLength: 1,
        maxLength: LIMITS.prompt,
      }),
    size: z.enum(SIZES).optional().meta({ description: 'Width to height. Without it the provider chooses.' }),
    n: z.literal(1).optional().meta({ description: 'One render is one image.' }),
    resolution: z.enum(RESOLUTIONS).default('1K').meta({ description: 'It decides the price.' }),
    image_urls: z
      .array(imageEntry)
      .max(LIMITS.images)
      .optional()
      .meta({
        description: `Reference images. As a data URI each is at most ${LIMITS.imageBytes / 1024 / 1024} MB when decoded.`,
      }),
    mask_url: imageAddress.optional().meta({
      description: `A PNG of the reference image's pixel size, at most ${LIMITS.maskBytes / 1024 / 1024} MB. Needs \`image_urls\`.`,
    }),
    priority: z
      .enum(PRIORITIES)
      .default('interactive')
      .meta({ description: '`interactive` goes before `batch`.' }),
    metadata: metadata.optional().meta({
      description: `Yours: kept and returned. At most ${LIMITS.metadataKeys} keys and ${LIMITS.metadataBytes} bytes as JSON.`,
      maxProperties: LIMITS.metadataKeys,
    }),
    run: z
      .string()
      .regex(RUN, {
        error: `expected at most ${LIMITS.run} letters, digits, dots, dashes and underscores, a letter or digit first`,
      })
      .optional()
      .meta({ description: "A batch's name, to list its renders by." }),
    webhook_url: webhookUrl.optional().meta({
      description: "Where the end of this render is told, signed; instead of the tenant's default.",
      format: 'uri',
    }),
    idempotency_key: idempotencyKey.optional().meta({
      description: 'The same key names the same render for ever. Also taken as the header `Idempotency-Key`.',
    }),
  })
  .refine((request) => !request.mask_url || (request.image_urls?.length ?? 0) > 0, {
    path: ['mask_url'],
    error: 'expected image_urls with the image that the mask belongs to',
    // Told together with what else is wrong.
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  })
  .meta({ id: 'RenderRequest' });

/** A checked request with its defaults. */
export type RenderRequest = z.infer<typeof renderRequestSchema>;

/** What a caller writes: fields with a default may be left out. */
export type RenderRequestInput = z.input<typeof renderRequestSchema>;
