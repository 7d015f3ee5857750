import { createHash, createHmac } from 'node:crypto';
import { serializeResult, type Task, toSeconds } from '../tasks/index.ts';

export interface WebhookEvent {
  id: string;
  type: 'generation.completed' | 'generation.failed' | 'endpoint.test';
  api_version: string;
  created_at: number;
  data: Record<string, unknown>;
}

/** The event of an ended task. Its id is derived from the task, so all deliveries have the same id. */
export function buildFinalEvent(task: Task, resultBase: string): WebhookEvent {
  const failed = task.outcome.kind === 'failed';
  return {
    id: `evt_${createHash('sha256').update(task.id).digest('hex').slice(0, 24)}`,
    type: failed ? 'generation.failed' : 'generation.completed',
    api_version: 'v1',
    created_at: toSeconds(task.finishesAt),
    data: {
      task_id: task.id,
      client_business_id: task.clientBusinessId,
      task_type: 'image_generation',
      model: task.model,
      status: failed ? 'failed' : 'completed',
      progress: failed ? 0 : 100,
      result: failed ? null : serializeResult(task, resultBase),
      error: task.outcome.kind === 'failed' ? task.outcome.error : null,
      submitted_at: toSeconds(task.createdAt),
      finished_at: toSeconds(task.finishesAt),
    },
  };
}

export function buildTestEvent(id: string, now: number): WebhookEvent {
  return { id, type: 'endpoint.test', api_version: 'v1', created_at: toSeconds(now), data: {} };
}

/** Headers of one delivery: an HMAC-SHA256 per secret over `id.timestamp.body`, the current secret first. */
export function signDelivery(
  delivery: { id: string; timestamp: number; body: string },
  secrets: readonly string[],
): Record<string, string> {
  const content = `${delivery.id}.${delivery.timestamp}.${delivery.body}`;
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(content).digest('hex')}`,
  );
  return {
    'content-type': 'application/json',
    'x-toapis-webhook-id': delivery.id,
    'x-toapis-webhook-timestamp': String(delivery.timestamp),
    'x-toapis-webhook-signature': signatures.join(','),
  };
}
