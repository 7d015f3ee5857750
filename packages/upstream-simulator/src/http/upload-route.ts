import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SimulatorContext } from '../context.ts';
import { detectImageType, type ImageType } from '../images/index.ts';
import { drawName } from '../random.ts';
import { applyFault } from './apply-fault.ts';
import { type Checked, rejectInput } from './submission.ts';

const MAX_BYTES = 10 * 1024 * 1024;
/** The account number in upload URLs. */
const ACCOUNT = '123';
const TOO_LARGE = 'Image too large. Maximum size is 10MB';
const UNSUPPORTED = 'Unsupported image type. Allowed: JPEG, PNG, WebP, GIF';

/** `POST /v1/uploads/images` and the uploaded files. */
export async function addUploadRoutes(app: FastifyInstance, context: SimulatorContext): Promise<void> {
  await app.register(multipart, { limits: { fileSize: MAX_BYTES, files: 1 }, throwFileSizeLimit: false });

  const config = { category: 'upload', auth: 'envelope' } as const;
  app.post('/v1/uploads/images', { config, bodyLimit: 2 * MAX_BYTES }, async (request, reply) => {
    if (await applyFault(context, { route: 'upload' }, reply)) return reply;
    const upload = await readUpload(request);
    if (!upload.ok) return sendUploadError(reply, upload.problem);
    const { bytes, type } = upload.value;
    const short = drawName(context.uploadRandom, 8);
    const name = `${Math.floor(context.clock.now() / 1000)}_${short}.${type.extension}`;
    await context.blobs.put(name, bytes);
    return reply.send({
      success: true,
      message: '',
      data: {
        id: `upload_${short}`,
        url: `${context.getPublicUrl()}/uploads/${ACCOUNT}/${name}`,
        mime_type: type.mime,
        size: bytes.length,
      },
    });
  });

  app.get<{ Params: { name: string } }>(
    `/uploads/${ACCOUNT}/:name`,
    { config: { category: 'download' } },
    async (request, reply) => {
      const bytes = await context.blobs.get(request.params.name);
      if (bytes === undefined) return reply.code(404).type('text/plain').send('Not found');
      return reply.type(detectImageType(bytes)?.mime ?? 'application/octet-stream').send(bytes);
    },
  );
}

function sendUploadError(reply: FastifyReply, message: string): FastifyReply {
  return reply.code(400).send({ success: false, message });
}

/** Reads the multipart body. The image type is detected from the content, not from the file name. */
async function readUpload(request: FastifyRequest): Promise<Checked<{ bytes: Buffer; type: ImageType }>> {
  if (!request.isMultipart()) return rejectInput('The request must be multipart/form-data');
  let bytes: Buffer | undefined;
  let tooLarge = false;
  let purpose: unknown;
  for await (const part of request.parts()) {
    if (part.type === 'field') {
      if (part.fieldname === 'purpose') purpose = part.value;
      continue;
    }
    const content = await part.toBuffer();
    if (part.fieldname !== 'file') continue;
    bytes = content;
    tooLarge = part.file.truncated;
  }
  if (bytes === undefined) return rejectInput('file is required');
  if (tooLarge) return rejectInput(TOO_LARGE);
  if (purpose !== undefined && purpose !== 'generation') return rejectInput('purpose must be generation');
  const type = detectImageType(bytes);
  return type === undefined ? rejectInput(UNSUPPORTED) : { ok: true, value: { bytes, type } };
}
