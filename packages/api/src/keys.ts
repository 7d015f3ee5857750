import { z } from 'zod';
import { TENANT } from './fields.ts';

/** The id of an API key. */
export const KEY_ID = /^key_[0-9a-f]{16}$/;

/** The roles that an API key can have. */
export const KEY_ROLES = ['enqueue', 'read', 'operate'] as const;

const tenantOrAll = z.union([z.string().regex(TENANT), z.literal('*')], {
  error: "expected a tenant's name, or * for operators of all tenants",
});
const limit = (description: string) =>
  z.number().int().min(1).max(9_999_999_999).optional().meta({ description });

/** The body of `POST /v1/keys`. */
export const keyRequestSchema = z
  .strictObject({
    tenant: tenantOrAll.meta({ description: 'The owner of the key; `*` for operators of all tenants.' }),
    roles: z.array(z.enum(KEY_ROLES)).min(1).max(KEY_ROLES.length).meta({
      description: 'A key of tenant `*` cannot have `enqueue`: a render belongs to one tenant.',
    }),
    name: z.string().trim().min(1).max(100).optional().meta({
      description: 'For people: who uses the key.',
      example: 'catalogue service',
    }),
    rate: limit('Requests per second, instead of API_RATE_PER_SECOND.'),
    body_bytes: limit('Bytes of a request body, instead of MAX_BODY_BYTES.'),
  })
  .superRefine(({ tenant, roles }, context) => {
    if (tenant !== '*' || !roles.includes('enqueue')) return;
    const message = 'a tenant that is not *, or roles without enqueue';
    context.addIssue({ code: 'custom', path: ['roles'], message });
  })
  .meta({ id: 'KeyRequest' });

/** An API key without its text. */
export const keySchema = z
  .strictObject({
    object: z.literal('key'),
    id: z.string().regex(KEY_ID),
    tenant: tenantOrAll,
    roles: z.array(z.enum(KEY_ROLES)),
    source: z.enum(['setting', 'store']).meta({
      description: '`setting`: an entry of API_KEYS, which cannot be revoked while the producers run.',
    }),
    name: z.string().nullable(),
    rate: z.number().int().nullable(),
    body_bytes: z.number().int().nullable(),
    created_at: z.iso.datetime().nullable(),
    created_by: z.string().nullable(),
    revoked: z
      .strictObject({ at: z.iso.datetime(), actor: z.string(), reason: z.string().nullable() })
      .nullable(),
  })
  .meta({ id: 'Key' });

/** `POST /v1/keys`, 201. */
export const newKeySchema = keySchema
  .extend({ key: z.string().meta({ description: 'The text of the key. No other response has it.' }) })
  .meta({ id: 'NewKey' });

/** `GET /v1/keys`, 200. */
export const keyListSchema = z
  .strictObject({ object: z.literal('list'), data: z.array(keySchema) })
  .meta({ id: 'KeyList' });

/** The body of `POST /v1/keys/{id}/revoke`. It may be absent. */
export const keyRevocationSchema = z
  .strictObject({
    reason: z.string().trim().min(1).max(200).optional().meta({ description: 'Why, for people.' }),
  })
  .meta({ id: 'KeyRevocation' });

export type KeyRequest = z.infer<typeof keyRequestSchema>;
export type KeyResponse = z.infer<typeof keySchema>;
export type NewKeyResponse = z.infer<typeof newKeySchema>;
export type KeyListResponse = z.infer<typeof keyListSchema>;
