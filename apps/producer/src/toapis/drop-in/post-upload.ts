import { LIMITS } from '@darkroom/api';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireTenant } from '../../access/index.ts';
import { type Endpoint, resolveBaseUrl } from '../../http/index.ts';
import { type ImageFacts, readImageFacts } from '../../intake/image-type.ts';
import { envelopeResponses } from './envelope.ts';
import { type Form, readForm } from './form.ts';
import { unsuccessfulSchema, uploadedSchema } from './schemas.ts';
import type { UploadStore } from './upload-store.ts';

/** `POST /v1/uploads/images`. What is wrong with an upload is told in the provider's other envelope. */
export const postUploadEndpoint = (uploads: UploadStore): Endpoint => ({
  needs: 'enqueue',
  doc,
  run: async (request, reply) => {
    const read = await readUpload(request);
    if (typeof read === 'string') return await reply.code(400).send({ success: false, message: read });
    return await reply.send(await saveUpload(uploads, request, read));
  },
});

interface ReadFile {
  bytes: Uint8Array;
  facts: ImageFacts;
}

async function saveUpload(uploads: UploadStore, request: FastifyRequest, { bytes, facts }: ReadFile) {
  const tenant = requireTenant(request);
  const upload = await uploads.save(tenant, bytes, facts);
  return {
    success: true,
    message: '',
    data: {
      id: `upload_${upload.sha256.slice(0, 16)}`,
      url: `${resolveBaseUrl(request)}${await uploads.signLink(tenant, upload)}`,
      mime_type: upload.type,
      size: upload.bytes,
    },
  };
}

const TOO_LARGE = `Image too large. Maximum size is 10MB (file: expected at most ${LIMITS.imageBytes} bytes, received more)`;

/** The picture, or what is wrong. The type is taken from the content, not from what the client calls it. */
async function readUpload(request: FastifyRequest): Promise<ReadFile | string> {
  const form = await readForm(request);
  if (!form) return `body: expected multipart/form-data with a file, received ${describeBody(request)}`;
  if ('tooLarge' in form) return TOO_LARGE;
  return await readFields(form);
}

async function readFields({ fields }: Extract<Form, { fields: FormData }>): Promise<ReadFile | string> {
  const file = fields.get('file');
  if (!(file instanceof Blob)) {
    return `file is required (expected a file with its name, received ${file === null ? 'nothing' : 'a text'})`;
  }
  if (file.size > LIMITS.imageBytes) return TOO_LARGE;
  const purpose = fields.get('purpose');
  if (purpose !== null && purpose !== 'generation') {
    return `purpose must be generation (received ${typeof purpose === 'string' ? 'another' : 'a file'})`;
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const facts = await readImageFacts(bytes);
  if (facts) return { bytes, facts };
  const what = bytes.length === 0 ? 'no bytes at all' : 'bytes that are none of these';
  return `Unsupported image type. Allowed: JPEG, PNG, WebP, GIF (file: received ${what})`;
}

const describeBody = ({ headers }: FastifyRequest) =>
  /^multipart\/form-data/i.test(headers['content-type'] ?? '')
    ? 'a form that cannot be read'
    : (headers['content-type']?.slice(0, 80) ?? 'nothing');

const doc = {
  operationId: 'uploadImage',
  tags: ['Drop-in'],
  summary: "Upload a reference image, as the provider's clients do",
  description:
    'JPEG, PNG, WebP or GIF, at most 10 MB. The URL of the answer goes into `image_urls` or `mask_url`, for as long as the image is in the store; by GET it works without a key for a year.',
  requestBody: {
    required: true,
    content: {
      'multipart/form-data': {
        schema: z
          .object({
            file: z.string().meta({ override: { type: 'string', format: 'binary' } }),
            purpose: z.literal('generation').optional(),
          })
          .meta({ id: 'Upload' }),
      },
    },
  },
  responses: {
    ...envelopeResponses(413, 415),
    '200': {
      description: 'The image is kept.',
      content: { 'application/json': { schema: uploadedSchema, example: createExample() } },
    },
    '400': {
      description: 'The image cannot be used.',
      content: {
        'application/json': {
          schema: unsuccessfulSchema,
          example: { success: false, message: 'Unsupported image type. Allowed: JPEG, PNG, WebP, GIF' },
        },
      },
    },
  },
};

function createExample() {
  const name = `${'9f86d081884c7d65'.repeat(4)}.jpg`;
  return {
    success: true,
    message: '',
    data: {
      id: 'upload_9f86d081884c7d65',
      url: `https://renders.example.com/v1/uploads/images/${name}?tenant=shop&expires=1795363200000&signature=`,
      mime_type: 'image/jpeg',
      size: 89_234,
    },
  };
}
