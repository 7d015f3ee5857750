import type { FastifyInstance, FastifyReply } from 'fastify';
import type { SimulatorContext } from '../context.ts';
import type { FaultAt } from '../faults/index.ts';
import { parseDirectives } from '../faults/index.ts';
import { serializeTask } from '../tasks/index.ts';
import { applyFault } from './apply-fault.ts';
import { sendError, sendGatewayPage } from './error-responses.ts';
import { abandonReply, cutConnection } from './request-accounting.ts';
import { type Checked, checkSubmission, rejectInput, type Submission } from './submission.ts';
import { checkImages } from './submitted-images.ts';

/** Enough for 14 images of 10 MB in base64. */
const MAX_BODY_BYTES = 200 * 1024 * 1024;

/** `POST /v1/images/generations` */
export function addSubmitRoute(app: FastifyInstance, context: SimulatorContext): void {
  const config = { category: 'submit', quota: 'async_submit', auth: 'envelope' } as const;
  app.post('/v1/images/generations', { config, bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
    const { body } = request;
    const subject = { route: 'submit', ...readSubject(body) } as const;
    const directive = parseDirectives(subject.prompt ?? '').find((parsed) => !parsed.ok);
    if (directive?.ok === false) return sendError(reply, 'invalid_request', { message: directive.problem });
    if (await applyFault(context, subject, reply)) return reply;

    const checked = checkSubmission(body);
    if (!checked.ok) return sendError(reply, 'invalid_request', { message: checked.problem });
    const submission = checked.value;
    const images = await checkImages(submission, context.blobs, context.getPublicUrl());
    if (!images.ok) return sendError(reply, 'invalid_request', { message: images.problem });
    const callback = checkCallback(submission, context);
    if (!callback.ok) return sendError(reply, 'invalid_request', { message: callback.problem });
    if (!context.account.canPay(context.settings.prices[submission.resolution])) {
      return sendError(reply, 'insufficient_quota');
    }

    const { model, prompt, size, resolution, clientBusinessId } = submission;
    const task = context.planTask({
      model,
      prompt,
      size,
      resolution,
      clientBusinessId,
      ...images.value,
      hasMask: submission.maskUrl !== undefined,
      callbackPath: callback.value,
    });
    const fault = context.faults.take('accepted', { ...subject, taskId: task.id });
    task.acknowledged = fault === undefined;
    // The answer is made before the task can end: the first answer never has a final status.
    const answer = serializeTask(
      { ...task, outcome: { kind: 'stuck' } },
      task.createdAt - 1,
      context.getPublicUrl(),
    );
    context.tasks.add(task);
    await context.journal.append({ type: 'task', task });
    return fault === undefined ? reply.send(answer) : applyAcceptedFault(fault, answer, reply);
  });
}

function readSubject(body: unknown): { prompt?: string; clientBusinessId?: string } {
  if (typeof body !== 'object' || body === null) return {};
  const { prompt, client_business_id: id } = body as Record<string, unknown>;
  return {
    ...(typeof prompt === 'string' ? { prompt } : {}),
    ...(typeof id === 'string' ? { clientBusinessId: id } : {}),
  };
}

/** A callback_url can change the path and the query of the configured webhook, not its host. */
function checkCallback(submission: Submission, context: SimulatorContext): Checked<string | null> {
  const target = context.settings.webhook;
  if (submission.callbackUrl === null || target === undefined) return { ok: true, value: null };
  const url = new URL(submission.callbackUrl);
  if (url.origin !== new URL(target.url).origin) {
    return rejectInput('callback_url may change only path and query of the configured webhook');
  }
  return { ok: true, value: url.pathname + url.search };
}

/** Withholds the task id. The task exists and is charged. */
function applyAcceptedFault(
  fault: FaultAt<'accepted'>,
  answer: Record<string, unknown>,
  reply: FastifyReply,
): FastifyReply {
  switch (fault.kind) {
    case 'accept_then_cut':
      return cutConnection(reply);
    case 'accept_then_hang':
      return abandonReply(reply);
    case 'accept_then_html':
      return sendGatewayPage(reply, fault.status ?? 504);
    case 'accept_then_504':
      return sendGatewayPage(reply, 504);
    case 'accept_garbage': {
      if (fault.form !== 'no_id') return reply.type('application/json').send('{"id":"task_img_');
      const { id: _id, ...rest } = answer;
      return reply.send(rest);
    }
  }
}
