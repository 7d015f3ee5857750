import type { FastifyReply } from 'fastify';
import type { SimulatorContext } from '../context.ts';
import type { FaultAt, FaultSubject } from '../faults/index.ts';
import { sendError, sendGatewayPage } from './error-responses.ts';
import { abandonReply, cutConnection } from './request-accounting.ts';

/** Waits for provider time, which `timeScale` shortens. */
export function waitScaled(context: SimulatorContext, ms: number): Promise<void> {
  return new Promise((done) => context.clock.after(ms * context.settings.timeScale, done));
}

/** Applies the faults that come before any work. Returns true if the request was answered or cut off. */
export async function applyFault(
  context: SimulatorContext,
  subject: FaultSubject,
  reply: FastifyReply,
): Promise<boolean> {
  const delay = context.faults.take('delay', subject);
  if (delay !== undefined) await waitScaled(context, delay.ms ?? 5_000);
  const fault = context.faults.take('request', subject);
  if (fault === undefined) return false;
  answerWithFault(context, fault, reply);
  return true;
}

function answerWithFault(
  context: SimulatorContext,
  fault: FaultAt<'request'>,
  reply: FastifyReply,
): FastifyReply {
  switch (fault.kind) {
    case 'refuse_content':
      return sendError(reply, 'content_policy_violation', fault);
    case 'invalid_request':
    case 'unauthorized':
    case 'insufficient_quota':
    case 'internal_error':
      return sendError(reply, fault.kind, fault);
    case 'rate_limited':
      return sendRateLimited(context, reply, 'rate_limit_exceeded', fault);
    case 'rate_limit_unavailable':
      return sendRateLimited(context, reply, 'rate_limit_unavailable', fault);
    case 'no_channel':
      return sendError(reply, 'no_available_channel', { retryAfterSeconds: 1, ...fault });
    case 'html':
      return sendGatewayPage(reply, fault.status ?? 502);
    case 'html_502':
      return sendGatewayPage(reply, 502);
    case 'html_504':
      return sendGatewayPage(reply, 504);
    case 'hang':
      return abandonReply(reply);
    case 'cut_before':
      return cutConnection(reply);
  }
}

/** Answers 429 or 503 and returns the token: such a request does not count against the quota. */
export function sendRateLimited(
  context: SimulatorContext,
  reply: FastifyReply,
  code: 'rate_limit_exceeded' | 'rate_limit_unavailable',
  detail: { retryAfterSeconds?: number; message?: string },
): FastifyReply {
  const category = reply.request.routeOptions.config.quota;
  if (category !== undefined) context.quota.returnToken(category);
  return sendError(reply, code, { retryAfterSeconds: 1, ...detail });
}
