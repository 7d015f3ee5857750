import type { AuditAction } from '@darkroom/api';
import { type AuditEntry, type AuditTarget, writeAuditEntry } from '@darkroom/shared/audit';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { DATA_VERSION, randomHex } from '@darkroom/shared/render';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';
import type { FastifyRequest } from 'fastify';
import { describeCaller } from '../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { findActionSource } from './action-source.ts';

/** An action that an operator has carried out. */
export interface Action {
  action: AuditAction;
  target: AuditTarget;
  /** The tenant whose renders the action changes; `*` for all. */
  tenant: string;
  reason?: string | undefined;
  before?: AuditEntry['before'];
  after?: AuditEntry['after'];
}

export interface Auditor {
  /**
   * Records what the caller of a request has done. Never rejects: an operator can act while the store is away. The entry
   * is then written later, and the log has it at once.
   */
  record(request: FastifyRequest, action: Action): Promise<void>;
  /** Ends work that goes on after an answer. Idempotent. */
  close(): void;
}

/** When an entry that was not written is written again. */
const RETRY_AFTER_MS = [1_000, 10_000, 60_000, 300_000, 900_000];

export function createAuditor(deps: { store: ObjectStore; clock: Clock; logger: Logger }): Auditor {
  const { store, clock, logger } = deps;
  const closing = new AbortController();
  const write = (entry: AuditEntry) =>
    withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => writeAuditEntry(store, entry, signal));

  const writeLater = async (entry: AuditEntry) => {
    for (const ms of RETRY_AFTER_MS) {
      const slept = await clock.sleep(ms, closing.signal).then(
        () => true,
        () => false,
      );
      if (!slept) break;
      const written = await write(entry).then(
        () => true,
        () => false,
      );
      if (written) return;
    }
    logger.error({ entry, alert: true }, 'audit: an entry is only in this log, the store did not take it');
  };

  return {
    async record(request, { action, target, tenant, reason, before, after }) {
      const entry: AuditEntry = {
        version: DATA_VERSION,
        id: `aud_${randomHex(12)}`,
        at: clock.now(),
        actor: describeCaller(request.caller),
        source: findActionSource(request),
        action,
        target,
        tenant,
        ...(reason === undefined ? {} : { reason }),
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
      };
      const { version: _, ...facts } = entry;
      request.log.warn(facts, 'action by an operator');
      await write(entry).catch((error: unknown) => {
        logger.warn({ id: entry.id, err: errorMessage(error) }, 'audit: entry not written yet');
        void writeLater(entry);
      });
    },
    close: () => closing.abort(),
  };
}
