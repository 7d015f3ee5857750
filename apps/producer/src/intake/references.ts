import { DATA_URI, type RenderRequest } from '@darkroom/api';
import {
  inputKey,
  isPlainUrl,
  type JobRequest,
  type ObjectStore,
  type Problem,
  type Reference,
  sha256,
  shownHost,
} from '@darkroom/shared';
import { invalidRequest } from '../problems/index.ts';
import { type Picture, readDataUri } from './data-uri.ts';

/** An object that must be in the store before the job is in the queue (I5). */
export interface Input {
  key: string;
  body: Uint8Array | string;
  contentType: string;
}

/** A request as the queue may hold it, and what has to be stored for it. */
export interface Packed {
  request: JobRequest;
  inputs: Input[];
}

/**
 * Takes bytes, long URLs and URLs that may hold a secret out of a request (I5, I8). Nothing is stored yet: a
 * request that is refused leaves nothing behind.
 *
 * @throws {ProblemError} `invalid_request`, all images told at once.
 */
export async function pack(request: RenderRequest): Promise<Packed> {
  const inputs = new Map<string, Input>();
  const problems: Problem[] = [];
  const take = async (text: string, field: string, role: 'image' | 'mask') => {
    const taken = await packOne(text, field, role);
    if ('expected' in taken) problems.push(taken);
    else if (taken.input) inputs.set(taken.input.key, taken.input);
    return taken;
  };
  // One after the other: each may hold 10 MB decoded, and sharp has its own threads.
  const images = [];
  for (const [index, text] of (request.image_urls ?? []).entries()) {
    images.push(await take(text, `image_urls[${index}]`, 'image'));
  }
  const mask = request.mask_url === undefined ? undefined : await take(request.mask_url, 'mask_url', 'mask');
  const mismatch = maskMismatch(mask, images[0]);
  if (mismatch) problems.push(mismatch);
  if (problems.length > 0) throw invalidRequest(problems);

  const { model, prompt, size, resolution, priority, metadata } = request;
  return {
    request: {
      model,
      prompt,
      ...(size ? { size } : {}),
      resolution,
      images: images.flatMap((image) => ('reference' in image ? [image.reference] : [])),
      ...(mask && 'reference' in mask ? { mask: mask.reference } : {}),
      priority,
      ...(metadata ? { metadata } : {}),
    },
    inputs: [...inputs.values()],
  };
}

type Taken = { reference: Reference; input?: Input; picture?: Omit<Picture, 'bytes'> } | Problem;

async function packOne(text: string, field: string, role: 'image' | 'mask'): Promise<Taken> {
  if (!DATA_URI.test(text)) return packUrl(new URL(text));
  const picture = await readDataUri(text, field, role);
  if ('expected' in picture) return picture;
  const { bytes, ...rest } = picture;
  const key = inputKey(rest.sha256);
  return {
    reference: { kind: 'stored', key, contentType: rest.contentType, bytes: bytes.length },
    input: { key, body: bytes, contentType: rest.contentType },
    picture: rest,
  };
}

function packUrl(url: URL): { reference: Reference; input?: Input } {
  if (isPlainUrl(url)) return { reference: { kind: 'url', url: url.href } };
  const key = inputKey(sha256(url.href));
  return {
    reference: { kind: 'stored-url', key, host: shownHost(url) },
    input: { key, body: url.href, contentType: 'text/plain; charset=utf-8' },
  };
}

/** Can be told only when both came as data. */
function maskMismatch(mask: Taken | undefined, image: Taken | undefined): Problem | undefined {
  if (!mask || !image || !('reference' in mask) || !('reference' in image)) return undefined;
  if (!mask.picture || !image.picture) return undefined;
  const expected = `${image.picture.width}x${image.picture.height}`;
  const got = `${mask.picture.width}x${mask.picture.height}`;
  if (expected === got) return undefined;
  return { field: 'mask_url', expected: `${expected} pixels, as image_urls[0] has`, got: `${got} pixels` };
}

/** Puts what the job will refer to into the store. Keys are digests: twice is harmless (I6). */
export async function storeInputs(store: ObjectStore, inputs: Input[], signal: AbortSignal): Promise<void> {
  for (const { key, body, contentType } of inputs) {
    if (await store.head(key, { signal })) continue;
    await store.put(key, body, { contentType, signal });
  }
}
