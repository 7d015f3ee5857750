import { RESOLUTIONS, type Resolution, SIZES, type Size } from '../tasks/index.ts';

export const MODELS = ['gemini-3-pro-image-preview', 'nano-banana-pro'] as const;
const MAX_PROMPT_CHARACTERS = 1000;
const MAX_IMAGES = 14;

/** A submission with valid fields. Its images are not checked yet. */
export interface Submission {
  model: string;
  prompt: string;
  size: Size;
  resolution: Resolution;
  imageUrls: string[];
  maskUrl: string | undefined;
  clientBusinessId: string | null;
  callbackUrl: string | null;
}

export type Checked<T> = { ok: true; value: T } | { ok: false; problem: string };

export const rejectInput = (problem: string): { ok: false; problem: string } => ({ ok: false, problem });

/** Checks the fields of a submission in the order of the documentation. */
export function checkSubmission(body: unknown): Checked<Submission> {
  if (!isRecord(body)) return rejectInput('the body must be a JSON object');
  const { model, prompt, n } = body;
  if (typeof model !== 'string' || model === '') return rejectInput('model is required');
  if (!MODELS.some((known) => known === model)) return rejectInput(`model ${model} is not supported`);
  if (typeof prompt !== 'string' || prompt.trim() === '') return rejectInput('prompt is required');
  if ([...prompt].length > MAX_PROMPT_CHARACTERS)
    return rejectInput('prompt must have at most 1000 characters');
  if (n !== undefined && typeof n !== 'number') return rejectInput('n must be a number');
  if (n !== undefined && n !== 1) return rejectInput('n must be 1');
  const shape = checkShape(body);
  if (!shape.ok) return shape;
  const imageUrls = checkImageUrls(body['image_urls']);
  if (!imageUrls.ok) return imageUrls;
  const mask = body['mask_url'];
  if (mask !== undefined && typeof mask !== 'string') return rejectInput('mask_url must be a string');
  if (mask !== undefined && imageUrls.value.length === 0)
    return rejectInput('mask_url needs a reference image');
  const texts = checkTexts(body);
  if (!texts.ok) return texts;
  return {
    ok: true,
    value: { model, prompt, ...shape.value, imageUrls: imageUrls.value, maskUrl: mask, ...texts.value },
  };
}

/** The current documentation has the resolution in `metadata`, the older one at the top level. */
function checkShape(body: Record<string, unknown>): Checked<{ size: Size; resolution: Resolution }> {
  const metadata = body['metadata'] ?? {};
  if (!isRecord(metadata)) return rejectInput('metadata must be an object');
  const { orientation } = metadata;
  if (orientation !== undefined && orientation !== 'landscape' && orientation !== 'portrait') {
    return rejectInput('metadata.orientation must be landscape or portrait');
  }
  const defaultSize = orientation === undefined ? '1:1' : orientation === 'landscape' ? '4:3' : '3:4';
  const size = SIZES.find((known) => known === (body['size'] ?? defaultSize));
  if (size === undefined) return rejectInput(`size must be one of ${SIZES.join(' ')}`);
  for (const requested of [metadata['resolution'], body['resolution']]) {
    if (requested !== undefined && !RESOLUTIONS.some((known) => known === requested)) {
      return rejectInput(`resolution must be one of ${RESOLUTIONS.join(' ')}`);
    }
  }
  const resolution = (metadata['resolution'] ?? body['resolution'] ?? '1K') as Resolution;
  return { ok: true, value: { size, resolution } };
}

function checkImageUrls(input: unknown): Checked<string[]> {
  if (input === undefined || input === null) return { ok: true, value: [] };
  if (!Array.isArray(input)) return rejectInput('image_urls must be an array');
  if (input.length > MAX_IMAGES) return rejectInput(`image_urls must have at most ${MAX_IMAGES} images`);
  const urls: string[] = [];
  for (const [index, item] of input.entries()) {
    const url: unknown = isRecord(item) ? item['url'] : item;
    if (typeof url !== 'string' || url === '') return rejectInput(`image_urls[${index}] must be a URL`);
    urls.push(url);
  }
  return { ok: true, value: urls };
}

function checkTexts(
  body: Record<string, unknown>,
): Checked<{ clientBusinessId: string | null; callbackUrl: string | null }> {
  const id = body['client_business_id'] ?? null;
  if (id !== null && typeof id !== 'string') return rejectInput('client_business_id must be a string');
  const callbackUrl = body['callback_url'] ?? null;
  if (callbackUrl !== null && (typeof callbackUrl !== 'string' || !URL.canParse(callbackUrl))) {
    return rejectInput('callback_url must be a URL');
  }
  return { ok: true, value: { clientBusinessId: id, callbackUrl } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
