import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { SimulatorContext } from '../context.ts';
import type { FaultAt } from '../faults/fault-kinds.ts';
import type { Task } from '../tasks/task.ts';
import { getStatus, hasExpired } from '../tasks/task-status.ts';
import { applyFault, waitScaled } from './apply-fault.ts';
import { sendError } from './error-responses.ts';
import { abandonReply } from './request-accounting.ts';

const MIME = { jpg: 'image/jpeg', png: 'image/png' } as const;
const SLOW_PIECES = 20;

/** `GET /generated/{file}`: the results, open to everybody who knows the URL, until they expire. */
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

/** Serves the picture itself, but not as it should be. */
async function applyTransferFault(
  context: SimulatorContext,
  fault: TransferFault,
  task: Task,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const picture = await context.images.read(task);
  const type = MIME[task.format];
  switch (fault.kind) {
    case 'truncated':
      return reply.type(type).send(takeShare(picture, fault.share));
    case 'download_cut': {
      abandonReply(reply);
      reply.raw.writeHead(200, { 'content-type': type, 'content-length': picture.length });
      reply.raw.write(takeShare(picture, fault.share), () => reply.raw.destroy());
      return reply;
    }
    case 'download_slow': {
      const pieces = streamSlowly(context, picture, fault.ms ?? 10_000);
      return reply.type(type).header('content-length', picture.length).send(Readable.from(pieces));
    }
    case 'oversize':
      return reply.type(type).send(Readable.from(streamEndlessly(picture)));
  }
}

function takeShare(picture: Buffer, share = 0.5): Buffer {
  return picture.subarray(0, Math.floor(picture.length * Math.min(1, share)));
}

async function* streamSlowly(context: SimulatorContext, picture: Buffer, ms: number): AsyncGenerator<Buffer> {
  const size = Math.ceil(picture.length / SLOW_PIECES);
  for (let at = 0; at < picture.length; at += size) {
    await waitScaled(context, ms / SLOW_PIECES);
    yield picture.subarray(at, at + size);
  }
}

function* streamEndlessly(picture: Buffer): Generator<Buffer> {
  yield picture;
  const filling = Buffer.alloc(64 * 1024, 0x5a);
  for (;;) yield filling;
}
