import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { SimulatorContext } from '../context.ts';
import type { FaultAt } from '../faults/index.ts';
import type { Task } from '../tasks/index.ts';
import { getStatus, hasExpired } from '../tasks/index.ts';
import { applyFault, waitScaled } from './apply-fault.ts';
import { sendError, sendGatewayPage } from './error-responses.ts';
import { abandonReply } from './request-accounting.ts';

const MIME = { jpg: 'image/jpeg', png: 'image/png' } as const;
const SLOW_CHUNKS = 20;

/** `GET /generated/{file}`: results, without a key, until they expire. */
export function addDownloadRoute(app: FastifyInstance, context: SimulatorContext): void {
  const config = { category: 'download' } as const;
  app.get<{ Params: { file: string } }>('/generated/:file', { config }, async (request, reply) => {
    const task = context.tasks.get(request.params.file.replace(/\.(jpg|png)$/, ''));
    if (task === undefined || getStatus(task, context.clock.now()) !== 'completed') {
      return sendStorageError(reply, 404, 'NoSuchKey', 'The specified key does not exist.');
    }
    const { id: taskId, prompt, clientBusinessId } = task;
    const subject = { route: 'download', taskId, prompt, clientBusinessId } as const;
    if (await applyFault(context, subject, reply)) return reply;
    if (hasExpired(task, context.clock.now())) return sendExpired(reply);
    const fault = context.faults.take('download', subject);
    if (fault !== undefined) return applyDownloadFault(context, fault, task, reply);
    return reply.type(MIME[task.format]).send(await context.images.read(task));
  });
}

function sendExpired(reply: FastifyReply): FastifyReply {
  return sendStorageError(reply, 403, 'AccessDenied', 'Request has expired');
}

function sendStorageError(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply
    .code(status)
    .type('application/xml')
    .send(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
    );
}

async function applyDownloadFault(
  context: SimulatorContext,
  fault: FaultAt<'download'>,
  task: Task,
  reply: FastifyReply,
): Promise<FastifyReply> {
  switch (fault.kind) {
    case 'download_html':
      return sendGatewayPage(reply, fault.status ?? 404);
    case 'download_500':
      return sendError(reply, 'internal_error');
    case 'expired':
      return sendExpired(reply);
    case 'wrong_content_type':
      return reply.type('text/html').send('<html><body><h1>Please wait…</h1></body></html>');
    case 'redirect':
      return reply.redirect(fault.to ?? `${context.getPublicUrl()}${reply.request.url}`, 302);
    case 'download_hang':
      return abandonReply(reply);
    case 'large':
      return reply.type('image/png').send(await context.images.readPadded(task, fault.bytes ?? 25_000_000));
    default:
      return applyTransferFault(context, fault, task, reply);
  }
}

type TransferFault = Extract<
  FaultAt<'download'>,
  { kind: 'truncated' | 'download_cut' | 'download_slow' | 'oversize' }
>;

/** Sends the image itself, but transfers it incorrectly. */
async function applyTransferFault(
  context: SimulatorContext,
  fault: TransferFault,
  task: Task,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const image = await context.images.read(task);
  const type = MIME[task.format];
  switch (fault.kind) {
    case 'truncated':
      return reply.type(type).send(takeShare(image, fault.share));
    case 'download_cut': {
      abandonReply(reply);
      reply.raw.writeHead(200, { 'content-type': type, 'content-length': image.length });
      reply.raw.write(takeShare(image, fault.share), () => reply.raw.destroy());
      return reply;
    }
    case 'download_slow': {
      const chunks = streamSlowly(context, image, fault.ms ?? 10_000);
      return reply.type(type).header('content-length', image.length).send(Readable.from(chunks));
    }
    case 'oversize':
      return reply.type(type).send(Readable.from(streamEndlessly(image)));
  }
}

function takeShare(image: Buffer, share = 0.5): Buffer {
  return image.subarray(0, Math.floor(image.length * Math.min(1, share)));
}

async function* streamSlowly(context: SimulatorContext, image: Buffer, ms: number): AsyncGenerator<Buffer> {
  const size = Math.ceil(image.length / SLOW_CHUNKS);
  for (let at = 0; at < image.length; at += size) {
    await waitScaled(context, ms / SLOW_CHUNKS);
    yield image.subarray(at, at + size);
  }
}

function* streamEndlessly(image: Buffer): Generator<Buffer> {
  yield image;
  const filler = Buffer.alloc(64 * 1024, 0x5a);
  for (;;) yield filler;
}
