import { z } from 'zod';
import { TENANT } from './fields.ts';

/** What operators change while the workers run. The name says the unit. */
export const LIVE_LIMITS = [
  'submissions-per-minute',
  'polls-per-second',
  'render-concurrency',
  'submit-concurrency',
  'store-concurrency',
  'webhook-concurrency',
] as const;
export type LimitName = (typeof LIVE_LIMITS)[number];

/** What each limit counts, for people. */
export const LIMIT_TEXTS: Record<LimitName, string> = {
  'submissions-per-minute': 'Submissions to the provider per minute, by all workers together.',
  'polls-per-second': 'Status queries to the provider per second, by all workers together.',
  'render-concurrency': 'Renders that one worker processes at the same time.',
  'submit-concurrency': 'Submissions that one worker has in flight at the same time.',
  'store-concurrency': 'Images that one worker downloads and stores at the same time.',
  'webhook-concurrency': 'Webhooks that one worker sends at the same time.',
};

const SHARE_PREFIX = 'tenant-share.';

/** The share of a tenant is a limit of its own. */
export type TenantShareName = `${typeof SHARE_PREFIX}${string}`;
/** Everything that an operator can override. */
export type OverridableName = LimitName | TenantShareName;

export const tenantShareName = (tenant: string): TenantShareName => `${SHARE_PREFIX}${tenant}`;

/** The tenant whose share has this name. @returns `undefined` for every other name */
export function readShareTenant(name: string): string | undefined {
  const tenant = name.startsWith(SHARE_PREFIX) ? name.slice(SHARE_PREFIX.length) : '';
  return TENANT.test(tenant) ? tenant : undefined;
}

/** What `GET /v1/limits/{name}` takes. */
export const limitNameSchema = z.union([
  z.enum(LIVE_LIMITS),
  z.string().regex(new RegExp(`^tenant-share\\.${TENANT.source.slice(1)}`)),
]);

/** What a limit counts, for people. */
export const describeLimit = (name: string): string =>
  LIVE_LIMITS.some((one) => one === name) ? LIMIT_TEXTS[name as LimitName] : TENANT_SHARE_TEXT;

export const TENANT_SHARE_TEXT =
  'The share of this tenant in the submissions of a lane, in proportion to the shares of all tenants that wait there.';

const reason = z.string().trim().min(1).max(200);

/** The body of `PUT /v1/limits/{name}`. */
export const limitRequestSchema = z
  .strictObject({
    value: z
      .int()
      .meta({ description: 'From `minimum` to `maximum` of the limit. Another value is rejected.' }),
    reason: reason.meta({ description: 'Why, for people.' }),
    until: z.iso
      .datetime({ offset: true })
      .optional()
      .meta({ description: 'When the override ends by itself. Without it, an operator ends it.' }),
  })
  .meta({ id: 'LimitRequest' });

const override = z.strictObject({
  value: z.int(),
  actor: z.string().meta({ description: 'Who set it.' }),
  reason: z.string(),
  since: z.iso.datetime(),
  until: z.iso.datetime().nullable().meta({ description: 'Null: an operator ends it.' }),
});

/** `GET`, `PUT` and `DELETE /v1/limits/{name}`, 200. */
export const limitSchema = z
  .strictObject({
    object: z.literal('limit'),
    name: limitNameSchema.meta({ description: 'A limit, or `tenant-share.` and the name of a tenant.' }),
    value: z.int().meta({ description: 'The override, or the base without one.' }),
    base: z.int().meta({
      description: 'From the settings of the process that answers. The workers have their own settings.',
    }),
    override: override.nullable(),
    ended: override.nullable().meta({
      description: 'The last override, if it ended by itself and no other followed. It has no effect.',
    }),
    minimum: z.int(),
    maximum: z.int(),
    workers: z
      .array(
        z.strictObject({
          name: z.string(),
          base: z.int().meta({ description: 'From the settings of this worker.' }),
          value: z.int().meta({ description: 'What this worker has applied.' }),
        }),
      )
      .meta({ description: 'The workers that run.' }),
  })
  .meta({ id: 'Limit' });

/** `GET /v1/limits`, 200. */
export const limitListSchema = z
  .strictObject({ object: z.literal('list'), data: z.array(limitSchema) })
  .meta({ id: 'LimitList' });

export type LimitRequest = z.infer<typeof limitRequestSchema>;
export type LimitResponse = z.infer<typeof limitSchema>;
export type LimitListResponse = z.infer<typeof limitListSchema>;
