import { LIMITS } from '@darkroom/api';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireTenant } from '../../access/index.ts';
import type { Endpoint } from '../../endpoint.ts';
import { resolveBaseUrl } from '../../http/index.ts';
import { type ImageFacts, readImageFacts } from '../../intake/index.ts';
import { envelopeResponses } from './envelope.ts';
import { type Form, readForm } from './form.ts';
import { unsuccessfulSchema, uploadedSchema } from './schemas.ts';
import type { UploadStore } from './upload-store.ts';

/** `POST /v1/uploads/images`. Problems of an upload have ToAPIs' second envelope: `{success: false, message}`. */
export const postUploadEndpoint = (uploads: UploadStore): Endpoint => ({
  needs: 'enqueue',
  doc,
  run: async (request, reply) => {
    const file = await readUpload(request);
    if (typeof file === 'string') return await reply.code(400).send({ success: false, message: file });
    return await reply.send(await saveUpload(uploads, request, file));
  },
});

interface UploadedFile {
  bytes: Uint8Array;
  facts: ImageFacts;
}

async function saveUpload(uploads: UploadStore, request: FastifyRequest, { bytes, facts }: UploadedFile) {
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

/** The image, or what is wrong with it. The content decides about the type, not the client's Content-Type. */
async function readUpload(request: FastifyRequest): Promise<UploadedFile | string> {
  const form = await readForm(request);
  if (!form) return `body: expected multipart/form-data with a file, received ${describeBody(request)}`;
  if ('tooLarge' in form) return TOO_LARGE;
  return await readFields(form);
}

async function readFields({ fields }: Extract<Form, { fields: FormData }>): Promise<UploadedFile | string> {
  const file = fields.get('file');
  if (!(file instanceof Blob)) {
    return `file is required (expected a file with a file name, received ${file === null ? 'nothing' : 'text'})`;
  }
  if (file.size > LIMITS.imageBytes) return TOO_LARGE;
  const purpose = fields.get('purpose');
  if (purpose !== null && purpose !== 'generation') {
    return `purpose must be generation (received ${typeof purpose === 'string' ? 'another purpose' : 'a file'})`;
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const facts = await readImageFacts(bytes);
  if (facts) return { bytes, facts };
  const received = bytes.length === 0 ? 'no bytes' : 'bytes of another type';
  return `Unsupported image type. Allowed: JPEG, PNG, WebP, GIF (file: received ${received})`;
}

const describeBody = ({ headers }: FastifyRequest) =>
  /^multipart\/form-data/i.test(headers['content-type'] ?? '')
    ? 'a form that cannot be read'
    : (headers['content-type']?.slice(0, 80) ?? 'nothing');

const example = {
  success: true,
  message: '',
  data: {
    id: 'upload_9f86d081884c7d65',
    url: `https://renders.example.com/v1/uploads/images/${'9f86d081884c7d65'.repeat(4)}.jpg?tenant=shop&expires=1795363200000&signature=`,
    mime_type: 'image/jpeg',
    size: 89_234,
  },
};

const doc = {
  operationId: 'uploadImage',
  tags: ['Drop-in'],
  summary: "Upload a reference image, as the provider's clients do",
  description:
    'JPEG, PNG, WebP or GIF, at most 10 MB. Use the URL of the response in `image_urls` or `mask_url` for as long as the image is in the store. GET of this URL works without a key for one year.',
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
      description: 'The image is stored.',
      content: { 'application/json': { schema: uploadedSchema, example } },
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
