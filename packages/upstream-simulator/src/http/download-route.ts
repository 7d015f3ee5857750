import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { World } from '../context.ts';
import type { FaultAt } from '../faults/fault-kinds.ts';
import type { Task } from '../tasks/task.ts';
import { hasExpired, statusAt } from '../tasks/task-status.ts';
import { pause, struck } from './apply-fault.ts';
import { sendError } from './error-responses.ts';
import { abandon } from './request-accounting.ts';

const MIME = { jpg: 'image/jpeg', png: 'image/png' } as const;
const SLOW_PIECES = 20;

/** `GET /generated/{file}`: the results, open to everybody who knows the URL, until they expire. */
export function downloadRoute(app: FastifyInstance, world: World): void {
  const config = { category: 'download' } as const;
  app.get<{ Params: { file: string } }>('/generated/:file', { config }, async (request, reply) => {
    const task = world.tasks.get(request.params.file.replace(/\.(jpg|png)$/, ''));
    if (task === undefined || statusAt(task, world.clock.now()) !== 'completed') {
      return storageError(reply, 404, 'NoSuchKey', 'The specified key does not exist.');
    }
    const { id: taskId, prompt, clientBusinessId } = task;
    const subject = { route: 'download', taskId, prompt, clientBusinessId } as const;
    if (await struck(world, subject, reply)) return reply;
    if (hasExpired(task, world.clock.now())) return expired(reply);
    const fault = world.faults.take('download', subject);
    if (fault !== undefined) return play(world, fault, task, reply);
    return reply.type(MIME[task.format]).send(await world.pictures.of(task));
  });
}

function expired(reply: FastifyReply): FastifyReply {
  return storageError(reply, 403, 'AccessDenied', 'Request has expired');
}

function storageError(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply
    .code(status)
    .type('application/xml')
    .send(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
    );
}

async function play(
  world: World,
  fault: FaultAt<'download'>,
  task: Task,
  reply: FastifyReply,
): Promise<FastifyReply> {
  switch (fault.kind) {
    case 'download_500':
      return sendError(reply, 'internal_error');
    case 'expired':
      return expired(reply);
    case 'wrong_content_type':
      return reply.type('text/html').send('<html><body><h1>Please wait…</h1></body></html>');
    case 'redirect':
      return reply.redirect(fault.to ?? `${world.publicUrl()}${reply.request.url}`, 302);
    case 'download_hang':
      return abandon(reply);
    case 'large':
      return reply.type('image/png').send(await world.pictures.large(task, fault.bytes ?? 25_000_000));
    default:
      return spoil(world, fault, task, reply);
  }
}

type SpoilingFault = Extract<
  FaultAt<'download'>,
  { kind: 'truncated' | 'download_cut' | 'download_slow' | 'oversize' }
>;

/** Serves the picture itself, but not as it should be. */
async function spoil(
  world: World,
  fault: SpoilingFault,
  task: Task,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const picture = await world.pictures.of(task);
  const type = MIME[task.format];
  switch (fault.kind) {
    case 'truncated':
      return reply.type(type).send(part(picture, fault.share));
    case 'download_cut': {
      abandon(reply);
      reply.raw.writeHead(200, { 'content-type': type, 'content-length': picture.length });
      reply.raw.write(part(picture, fault.share), () => reply.raw.destroy());
      return reply;
    }
    case 'download_slow': {
      const pieces = slowly(world, picture, fault.ms ?? 10_000);
      return reply.type(type).header('content-length', picture.length).send(Readable.from(pieces));
    }
    case 'oversize':
      return reply.type(type).send(Readable.from(endless(picture)));
  }
}

function part(picture: Buffer, share = 0.5): Buffer {
  return picture.subarray(0, Math.floor(picture.length * Math.min(1, share)));
}

async function* slowly(world: World, picture: Buffer, ms: number): AsyncGenerator<Buffer> {
  const size = Math.ceil(picture.length / SLOW_PIECES);
  for (let at = 0; at < picture.length; at += size) {
    await pause(world, ms / SLOW_PIECES);
    yield picture.subarray(at, at + size);
  }
}

function* endless(picture: Buffer): Generator<Buffer> {
  yield picture;
  const filling = Buffer.alloc(64 * 1024, 0x5a);
  for (;;) yield filling;
}
