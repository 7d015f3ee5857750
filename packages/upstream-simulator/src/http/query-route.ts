import type { FastifyInstance, FastifyReply } from 'fastify';
import type { SimulatorContext } from '../context.ts';
import type { FaultAt } from '../faults/index.ts';
import type { Task } from '../tasks/index.ts';
import { serializeTask } from '../tasks/index.ts';
import { applyFault, sendRateLimited } from './apply-fault.ts';
import { sendError, sendGatewayPage } from './error-responses.ts';
import { abandonReply, cutConnection } from './request-accounting.ts';

/** `GET /v1/images/generations/{task_id}` */
export function addQueryRoute(app: FastifyInstance, context: SimulatorContext): void {
  const config = { category: 'query', quota: 'async_query', auth: 'envelope' } as const;
  app.get<{ Params: { id: string } }>('/v1/images/generations/:id', { config }, async (request, reply) => {
    const { id } = request.params;
    const task = context.tasks.get(id);
    const subject = {
      route: 'query',
      taskId: id,
      ...(task === undefined ? {} : { prompt: task.prompt, clientBusinessId: task.clientBusinessId }),
    } as const;
    if (await applyFault(context, subject, reply)) return reply;
    const fault = context.faults.take('query', subject);
    if (fault !== undefined) return applyQueryFault(context, fault, task, reply);
    if (task === undefined) return sendError(reply, 'task_not_found');
    return reply.send(serializeTask(task, context.clock.now(), context.getPublicUrl()));
  });
}

function applyQueryFault(
  context: SimulatorContext,
  fault: FaultAt<'query'>,
  task: Task | undefined,
  reply: FastifyReply,
): FastifyReply {
  const serialize = (): Record<string, unknown> | undefined =>
    task && serializeTask(task, context.clock.now(), context.getPublicUrl());
  switch (fault.kind) {
    case 'query_500':
      return sendError(reply, 'internal_error', fault);
    case 'query_html':
      return sendGatewayPage(reply, fault.status ?? 502);
    case 'query_bad_json': {
      const whole = JSON.stringify(serialize() ?? { object: 'generation.task' });
      return reply.type('application/json').send(whole.slice(0, whole.length / 2));
    }
    case 'query_429':
      return sendRateLimited(context, reply, 'rate_limit_exceeded', fault);
    case 'query_404':
      return sendError(reply, 'task_not_found', { form: fault.form });
    case 'query_cut':
      return cutConnection(reply);
    case 'query_hang':
      return abandonReply(reply);
    case 'other_id': {
      const answer = serialize();
      if (answer === undefined) return sendError(reply, 'task_not_found');
      return reply.send({ ...answer, id: `img_${String(answer['id']).split('_').pop()}` });
    }
  }
}
