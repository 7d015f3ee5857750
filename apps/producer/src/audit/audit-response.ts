import type { AuditEntryResponse } from '@darkroom/api';
import type { AuditEntry } from '@darkroom/shared/audit';

/** An entry as the API returns it. */
export const toAuditResponse = (entry: AuditEntry): AuditEntryResponse => ({
  id: entry.id,
  object: 'audit_entry',
  at: new Date(entry.at).toISOString(),
  actor: entry.actor,
  source: entry.source,
  action: entry.action,
  target: entry.target,
  tenant: entry.tenant,
  reason: entry.reason ?? null,
  before: entry.before ?? null,
  after: entry.after ?? null,
});
