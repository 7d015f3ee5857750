import type { FastifyInstance, FastifyReply } from 'fastify';
import type { World } from '../context.ts';
import type { FaultAt } from '../faults/fault-kinds.ts';
import type { Task } from '../tasks/task.ts';
import { taskView } from '../tasks/task-view.ts';
import { refuseUncounted, struck } from './apply-fault.ts';
import { sendError, sendGatewayPage } from './error-responses.ts';
import { abandon, cut } from './request-accounting.ts';

/** `GET /v1/images/generations/{task_id}` */
export function queryRoute(app: FastifyInstance, world: World): void {
  const config = { category: 'query', quota: 'async_query', auth: 'envelope' } as const;
  app.get<{ Params: { id: string } }>('/v1/images/generations/:id', { config }, async (request, reply) => {
    const { id } = request.params;
    const task = world.tasks.get(id);
    const subject = {
      route: 'query',
      taskId: id,
      ...(task === undefined ? {} : { prompt: task.prompt, clientBusinessId: task.clientBusinessId }),
    } as const;
    if (await struck(world, subject, reply)) return reply;
    const fault = world.faults.take('query', subject);
    if (fault !== undefined) return play(world, fault, task, reply);
    if (task === undefined) return sendError(reply, 'task_not_found');
    return reply.send(taskView(task, world.clock.now(), world.publicUrl()));
  });
}

function play(
  world: World,
  fault: FaultAt<'query'>,
  task: Task | undefined,
  reply: FastifyReply,
): FastifyReply {
  const view = (): Record<string, unknown> | undefined =>
    task && taskView(task, world.clock.now(), world.publicUrl());
  switch (fault.kind) {
    case 'query_500':
      return sendError(reply, 'internal_error', fault);
    case 'query_html':
      return sendGatewayPage(reply, 502);
    case 'query_bad_json': {
      const whole = JSON.stringify(view() ?? { object: 'generation.task' });
      return reply.type('application/json').send(whole.slice(0, whole.length / 2));
    }
    case 'query_429':
      return refuseUncounted(world, reply, 'rate_limit_exceeded', fault);
    case 'query_404':
      return sendError(reply, 'task_not_found', { form: fault.form });
    case 'query_cut':
      return cut(reply);
    case 'query_hang':
      return abandon(reply);
    case 'other_id': {
      const answer = view();
      if (answer === undefined) return sendError(reply, 'task_not_found');
      return reply.send({ ...answer, id: `img_${String(answer['id']).split('_').pop()}` });
    }
  }
}
