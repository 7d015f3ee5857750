import { createHash } from 'node:crypto';
import { type AuditEntry, writeAuditEntry } from '@darkroom/shared/audit';
import { announceChange, ControlStore, hasEndedBy, type LimitOverride } from '@darkroom/shared/control';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Queues } from '@darkroom/shared/queues';
import { DATA_VERSION } from '@darkroom/shared/render';
import type { Clock, Logger } from '@darkroom/shared/runtime';
import { TOLERANCE_MS } from './sweep-control.ts';

/**
 * Records overrides that ended by themselves in the audit log. When no clock can be behind any more, it moves them out of
 * the way.
 */
export async function sweepLimits(deps: {
  store: ObjectStore;
  queues: Queues;
  clock: Pick<Clock, 'now'>;
  log: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { store, queues, clock, log, signal } = deps;
  const control = new ControlStore(store);
  const { limits } = await control.readState({ signal });
  let retired = 0;
  for (const override of limits) {
    if (!hasEndedBy(override, clock.now())) continue;
    await writeAuditEntry(store, describeEnd(override), signal);
    if (!hasEndedBy(override, clock.now() - TOLERANCE_MS)) continue;
    await control.retireOverride(override, { signal });
    log.info({ limit: override.name, value: override.value }, 'override retired: its end has passed');
    retired += 1;
  }
  if (retired > 0) await announceChange(queues);
}

/** The same end always gives the same entry, so that it is in the log once (I6). */
function describeEnd({ name, value, reason, since, until = 0 }: LimitOverride): AuditEntry {
  const hash = createHash('sha256').update(`${name} ${since} ${until}`).digest('hex');
  return {
    version: DATA_VERSION,
    id: `aud_${hash.slice(0, 24)}`,
    at: until,
    actor: 'darkroom',
    source: 'worker',
    action: 'limit.end',
    target: { kind: 'limit', id: name },
    tenant: ALL_TENANTS,
    reason,
    before: { override: value },
    after: { override: null },
  };
}
