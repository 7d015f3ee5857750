import { AUDIT_ACTIONS, AUDIT_SOURCES, AUDIT_TARGETS, type AuditTargetKind } from '@darkroom/api';
import { z } from 'zod';
import { DATA_VERSION } from '../render/index.ts';

const values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

export const auditEntrySchema = z.strictObject({
  version: z.literal(DATA_VERSION),
  id: z.string(),
  /** Unix milliseconds. */
  at: z.number().int(),
  actor: z.string(),
  source: z.enum(AUDIT_SOURCES),
  action: z.enum(AUDIT_ACTIONS),
  target: z.strictObject({ kind: z.enum(AUDIT_TARGETS), id: z.string() }),
  /** The tenant whose renders the action changes; `*` for all. */
  tenant: z.string(),
  reason: z.string().optional(),
  before: values.optional(),
  after: values.optional(),
});

/** One action of an operator. */
export type AuditEntry = z.infer<typeof auditEntrySchema>;
export type AuditTarget = AuditEntry['target'];

/** Which list of entries: of all tenants, of one tenant, or about one target. */
export type AuditList =
  | { kind: 'all' }
  | { kind: 'tenant'; tenant: string }
  | { kind: 'target'; target: { kind: AuditTargetKind; id: string } };

/** Stores list in ascending order. The time that is left until this one (year 2286) puts the newest entry first. */
const END_OF_TIME = 9_999_999_999_999;

/** The prefix of a list. Each list has a copy of its entries, so that reading it needs no other list. */
export function auditPrefix(list: AuditList): string {
  switch (list.kind) {
    case 'all':
      return 'audit/all/';
    case 'tenant':
      return `audit/tenant/${list.tenant}/`;
    case 'target':
      return `audit/${list.target.kind}/${toSegment(list.target.id)}/`;
  }
}

/** The keys of the copies of an entry. */
export const auditKeys = ({
  at,
  id,
  target,
  tenant,
}: Pick<AuditEntry, 'at' | 'id' | 'target' | 'tenant'>) => {
  const name = `${String(END_OF_TIME - at).padStart(13, '0')}-${id}.json`;
  const lists: AuditList[] = [{ kind: 'target', target }, { kind: 'all' }];
  if (tenant !== '*') lists.push({ kind: 'tenant', tenant });
  return lists.map((list) => auditPrefix(list) + name);
};

/** Keys have few characters. */
const toSegment = (id: string) => id.replace(/[^\w.-]/g, '_');
