import { DATA_URI, LIMITS, type RenderRequest } from '@darkroom/api';
import { type ObjectStore } from '@darkroom/shared/object-store';
import {
  inputKey,
  type JobRequest,
  packUrl,
  type Reference,
  type StoredInput,
} from '@darkroom/shared/render';
import { type FieldProblem } from '../problems/field-problems.ts';
import { invalidRequest } from '../problems/index.ts';
import { type DataUriImage, readDataUri } from './data-uri.ts';
import { checkWebhookUrl, type WebhookRules } from './webhook-url.ts';

/** A request as the queue may hold it, and what has to be stored for it. */
export interface PackedRequest {
  request: JobRequest;
  inputs: StoredInput[];
}

/** A picture of the caller's that the store has already. */
export interface UploadedImage {
  reference: Extract<Reference, { kind: 'stored' }>;
  width: number;
  height: number;
}

/** The pictures that tenants uploaded, as requests refer to them. */
export interface TenantUploads {
  /** Whether this looks like the URL of an upload. */
  isUploadUrl(url: string): boolean;
  /** What is behind it: the picture, an upload that is not theirs, or nothing of ours. */
  resolve(url: string, tenant: string): Promise<UploadedImage | 'not-theirs' | undefined>;
}

type RequestFields = Omit<RenderRequest, 'idempotency_key'>;

/**
 * Takes bytes, long URLs and URLs that may hold a secret out of a request (I5, I8). Nothing is stored yet: a
 * request that is refused leaves nothing behind. Waits only for data URIs and for the tenant's own uploads.
 *
 * @throws {ProblemError} `invalid_request`, images and webhook told at once.
 */
export function packRequest(
  asked: RequestFields,
  webhooks: WebhookRules,
  own: { pictures: TenantUploads; tenant: string },
): PackedRequest | Promise<PackedRequest> {
  const addresses = listImageUrls(asked);
  const toLookInto = addresses.some(({ text }) => DATA_URI.test(text) || own.pictures.isUploadUrl(text));
  if (!toLookInto) return replaceUrls(asked, webhooks, new Map());
  return readImages(addresses, own).then((pictures) => replaceUrls(asked, webhooks, pictures));
}

interface ImageUrl {
  field: string;
  text: string;
}

const listImageUrls = ({ image_urls = [], mask_url }: RequestFields): ImageUrl[] => [
  ...image_urls.map((text, index) => ({ field: `image_urls[${index}]`, text })),
  ...(mask_url === undefined ? [] : [{ field: 'mask_url', text: mask_url }]),
];

/** By field. */
type ReadImages = Map<string, DataUriImage | UploadedImage | FieldProblem>;

async function readImages(
  addresses: ImageUrl[],
  own: { pictures: TenantUploads; tenant: string },
): Promise<ReadImages> {
  const pictures: ReadImages = new Map();
  // One after the other: each may hold 10 MB decoded, and sharp has its own threads.
  for (const { field, text } of addresses) {
    const role = field === 'mask_url' ? 'mask' : 'image';
    if (DATA_URI.test(text)) pictures.set(field, await readDataUri(text, field, role));
    else if (own.pictures.isUploadUrl(text)) {
      const found = await own.pictures.resolve(text, own.tenant);
      if (found) pictures.set(field, checkUpload(found, field, role));
    }
  }
  return pictures;
}

function checkUpload(
  found: UploadedImage | 'not-theirs',
  field: string,
  role: 'image' | 'mask',
): UploadedImage | FieldProblem {
  if (found === 'not-theirs') {
    return {
      field,
      expected: 'an upload of this tenant that is still there',
      received: 'the URL of another upload',
    };
  }
  const { contentType, bytes } = found.reference;
  if (role === 'image') return found;
  if (contentType !== 'image/png')
    return { field, expected: 'a PNG', received: `an upload of ${contentType}` };
  if (bytes <= LIMITS.maskBytes) return found;
  return { field, expected: `an image of at most ${LIMITS.maskBytes} bytes`, received: `${bytes} bytes` };
}

function replaceUrls(asked: RequestFields, webhooks: WebhookRules, pictures: ReadImages): PackedRequest {
  const { model, prompt, size, resolution, priority, run, webhook_url, metadata } = asked;
  const inputs = new Map<string, StoredInput>();
  const problems: FieldProblem[] = [];
  const images: Reference[] = [];
  let mask: Reference | undefined;
  for (const { field, text } of listImageUrls(asked)) {
    const picture = pictures.get(field);
    if (picture && 'expected' in picture) {
      problems.push(picture);
      continue;
    }
    const reference = collectInput(picture ? packImage(picture) : packUrl(new URL(text)), inputs);
    if (field === 'mask_url') mask = reference;
    else images.push(reference);
  }
  const mismatch = findMaskMismatch(pictures.get('mask_url'), pictures.get('image_urls[0]'));
  if (mismatch) problems.push(mismatch);
  const refused = webhook_url === undefined ? undefined : checkWebhookUrl(new URL(webhook_url), webhooks);
  if (refused) problems.push(refused);
  if (problems.length > 0) throw invalidRequest(problems);
  const webhook = webhook_url === undefined ? undefined : collectInput(packUrl(new URL(webhook_url)), inputs);
  return {
    request: {
      model,
      prompt,
      ...(size ? { size } : {}),
      resolution,
      images,
      ...(mask ? { mask } : {}),
      priority,
      ...(run === undefined ? {} : { run }),
      ...(webhook ? { webhook } : {}),
      ...(metadata ? { metadata } : {}),
    },
    inputs: [...inputs.values()],
  };
}

interface PackedReference {
  reference: Reference;
  input?: StoredInput;
}

function collectInput({ reference, input }: PackedReference, inputs: Map<string, StoredInput>): Reference {
  if (input) inputs.set(input.key, input);
  return reference;
}

function packImage(picture: DataUriImage | UploadedImage): PackedReference {
  if ('reference' in picture) return { reference: picture.reference };
  const { bytes, sha256, contentType } = picture;
  const key = inputKey(sha256);
  return {
    reference: { kind: 'stored', key, contentType, bytes: bytes.length },
    input: { key, body: bytes, contentType },
  };
}

type Size = Pick<DataUriImage, 'width' | 'height'>;

/** Can be told only when both came as data or as uploads. */
function findMaskMismatch(mask?: Size | FieldProblem, image?: Size | FieldProblem): FieldProblem | undefined {
  if (!mask || !image || 'expected' in mask || 'expected' in image) return undefined;
  const expected = `${image.width}x${image.height}`;
  const received = `${mask.width}x${mask.height}`;
  if (expected === received) return undefined;
  return {
    field: 'mask_url',
    expected: `${expected} pixels, as image_urls[0] has`,
    received: `${received} pixels`,
  };
}

/** Puts what the job will refer to into the store. Keys are digests: twice is harmless (I6). */
export async function storeInputs(
  store: ObjectStore,
  inputs: StoredInput[],
  signal: AbortSignal,
): Promise<void> {
  for (const { key, body, contentType } of inputs) {
    if (await store.head(key, { signal })) continue;
    await store.put(key, body, { contentType, signal });
  }
}
