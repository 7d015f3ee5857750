import { z } from 'zod';
import { TENANT } from './fields.ts';

/** What operators do. Each action is recorded in the audit log. */
export const AUDIT_ACTIONS = [
  'queue.pause',
  'queue.resume',
  'pause.create',
  'pause.end',
  'render.let_through',
  'render.buy_again',
  'render.cancel',
  'render.state_purchase',
  'render.redrive',
  'webhook.redeliver',
  'job.promote',
  'job.remove',
  'dead_letter.discard',
  'redrive.create',
  'redrive.pause',
  'redrive.resume',
  'redrive.cancel',
  'run.seal',
  'run.cancel',
  'batch.cancel',
  'catalogue.run',
  'catalogue.cancel',
  'catalogue.retry',
  'catalogue.schedule',
  'catalogue.unschedule',
  'key.create',
  'key.revoke',
  'budget.set',
  'budget.unset',
  'money.reconcile',
  'limit.set',
  'limit.unset',
  'limit.end',
  'worker.drain',
  'worker.undrain',
  'catalogue.review',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** What an action changes. */
export const AUDIT_TARGETS = [
  'render',
  'queue',
  'webhook',
  'redrive',
  'run',
  'batch',
  'dead-letter',
  'catalogue',
  'key',
  'budget',
  'pause',
  'reconciliation',
  'limit',
  'worker',
  'catalogue',
] as const;
export type AuditTargetKind = (typeof AUDIT_TARGETS)[number];

/**
 * How an action was requested: a call of the API, a page, Bull Board, the command `darkroom`. `worker`: by no person, an
 * override ended at its time.
 */
export const AUDIT_SOURCES = ['api', 'page', 'dashboard', 'cli', 'worker'] as const;
export type AuditSource = (typeof AUDIT_SOURCES)[number];

/** The values of a target before or after an action. */
const values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** One action in `GET /v1/audit`. */
export const auditEntrySchema = z
  .strictObject({
    id: z.string(),
    object: z.literal('audit_entry'),
    at: z.iso.datetime(),
    actor: z.string().meta({ description: 'The tenant of the key and the start of its hash.' }),
    source: z.enum(AUDIT_SOURCES),
    action: z.enum(AUDIT_ACTIONS),
    target: z.strictObject({
      kind: z.enum(AUDIT_TARGETS),
      id: z.string().meta({ description: 'A render id, the name of a queue, or another id of this kind.' }),
    }),
    tenant: z
      .union([z.string().regex(TENANT), z.literal('*')])
      .meta({ description: 'The tenant whose renders the action changes; `*` for all.' }),
    reason: z.string().nullable().meta({ description: 'Why, in the words of the operator.' }),
    before: values.nullable(),
    after: values.nullable(),
  })
  .meta({ id: 'AuditEntry' });

/** `GET /v1/audit`, 200. */
export const auditListSchema = z
  .strictObject({
    object: z.literal('list'),
    data: z.array(auditEntrySchema),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'AuditList' });

export type AuditEntryResponse = z.infer<typeof auditEntrySchema>;
export type AuditListResponse = z.infer<typeof auditListSchema>;
