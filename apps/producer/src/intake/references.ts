import { DATA_URI, LIMITS, type RenderRequest } from '@darkroom/api';
import {
  inputKey,
  type JobRequest,
  packUrl,
  type Reference,
  type StoredInput,
} from '@darkroom/shared/render';
import { type FieldProblem, invalidRequest } from '../problems/index.ts';
import { type DataUriImage, readDataUri } from './data-uri.ts';
import type { ImageSize } from './image-type.ts';

/** A request as the queue may hold it, and the inputs that must be stored for it. */
export interface PackedRequest {
  request: JobRequest;
  inputs: StoredInput[];
}

/** An uploaded image, which is in the store already. */
export interface UploadedImage extends ImageSize {
  reference: Extract<Reference, { kind: 'stored' }>;
}

/** The images that tenants uploaded. Requests refer to them by their URL. */
export interface TenantUploads {
  /** Whether the URL has the form of an upload's URL. */
  isUploadUrl(url: string): boolean;
  /** The tenant's upload; `not-theirs` for another tenant's or a deleted one; `undefined` for a URL of another site. */
  resolve(url: string, tenant: string): Promise<UploadedImage | 'not-theirs' | undefined>;
}

type RequestFields = Omit<RenderRequest, 'idempotency_key'>;
type CheckWebhook = (url: URL) => FieldProblem | undefined;
type Owner = { uploads: TenantUploads; tenant: string };

/**
 * Replaces bytes, long URLs and URLs that may contain a secret by references (I5, I8). Stores nothing yet, so that a
 * rejected request leaves nothing behind. Returns a promise only when data URIs or uploads must be read.
 *
 * @throws {ProblemError} `invalid_request` with all problems of images and webhook.
 */
export function packRequest(
  fields: RequestFields,
  checkWebhook: CheckWebhook,
  owner: Owner,
): PackedRequest | Promise<PackedRequest> {
  const urls = listImageUrls(fields);
  const mustRead = urls.some(({ text }) => DATA_URI.test(text) || owner.uploads.isUploadUrl(text));
  if (!mustRead) return replaceUrls(fields, checkWebhook, new Map());
  return readImages(urls, owner).then((images) => replaceUrls(fields, checkWebhook, images));
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

async function readImages(urls: ImageUrl[], { uploads, tenant }: Owner): Promise<ReadImages> {
  const images: ReadImages = new Map();
  // One after the other: each image can take 10 MB when decoded, and sharp has threads of its own.
  for (const { field, text } of urls) {
    const role = field === 'mask_url' ? 'mask' : 'image';
    if (DATA_URI.test(text)) images.set(field, await readDataUri(text, field, role));
    else if (uploads.isUploadUrl(text)) {
      const upload = await uploads.resolve(text, tenant);
      if (upload) images.set(field, checkUpload(upload, field, role));
    }
  }
  return images;
}

function checkUpload(
  upload: UploadedImage | 'not-theirs',
  field: string,
  role: 'image' | 'mask',
): UploadedImage | FieldProblem {
  const problem = (expected: string, received: string): FieldProblem => ({ field, expected, received });
  if (upload === 'not-theirs') {
    return problem('an existing upload of this tenant', 'the URL of another upload');
  }
  const { contentType, bytes } = upload.reference;
  if (role === 'image') return upload;
  if (contentType !== 'image/png') return problem('a PNG', `an upload of ${contentType}`);
  if (bytes <= LIMITS.maskBytes) return upload;
  return problem(`an image of at most ${LIMITS.maskBytes} bytes`, `${bytes} bytes`);
}

function replaceUrls(fields: RequestFields, checkWebhook: CheckWebhook, read: ReadImages): PackedRequest {
  const { image_urls: _urls, mask_url: _mask, webhook_url, n: _n, size, run, metadata, ...others } = fields;
  const inputs = new Map<string, StoredInput>();
  const problems: FieldProblem[] = [];
  const images: Reference[] = [];
  let mask: Reference | undefined;
  for (const { field, text } of listImageUrls(fields)) {
    const image = read.get(field);
    if (image && 'expected' in image) {
      problems.push(image);
      continue;
    }
    const reference = collectInput(image ? packImage(image) : packUrl(new URL(text)), inputs);
    if (field === 'mask_url') mask = reference;
    else images.push(reference);
  }
  const mismatch = findMaskMismatch(read.get('mask_url'), read.get('image_urls[0]'));
  if (mismatch) problems.push(mismatch);
  const url = webhook_url === undefined ? undefined : new URL(webhook_url);
  const webhookProblem = url && checkWebhook(url);
  if (webhookProblem) problems.push(webhookProblem);
  if (problems.length > 0) throw invalidRequest(problems);
  const webhook = url && collectInput(packUrl(url), inputs);
  return {
    request: {
      ...others,
      images,
      ...(size ? { size } : {}),
      ...(mask ? { mask } : {}),
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

function packImage(image: DataUriImage | UploadedImage): PackedReference {
  if ('reference' in image) return { reference: image.reference };
  const { bytes, sha256, contentType } = image;
  const key = inputKey(sha256);
  return {
    reference: { kind: 'stored', key, contentType, bytes: bytes.length },
    input: { key, body: bytes, contentType },
  };
}

/** Compares the sizes when both images are known: as data URIs or as uploads. */
function findMaskMismatch(
  mask?: ImageSize | FieldProblem,
  image?: ImageSize | FieldProblem,
): FieldProblem | undefined {
  if (!mask || !image || 'expected' in mask || 'expected' in image) return undefined;
  const expected = `${image.width}x${image.height}`;
  const received = `${mask.width}x${mask.height}`;
  if (expected === received) return undefined;
  return {
    field: 'mask_url',
    expected: `${expected} pixels, the size of image_urls[0]`,
    received: `${received} pixels`,
  };
}
