import { readShareTenant, type TenantShareName, tenantShareName } from '@darkroom/api';
import type { Settings } from '@darkroom/shared/config';
import {
  type ControlState,
  readBaseShare,
  readTenantShares,
  type TenantShares,
} from '@darkroom/shared/control';
import type { AppliedLimit } from '@darkroom/shared/queues';
import type { Logger } from '@darkroom/shared/runtime';

/** The shares of tenants in this worker process. */
export interface LiveShares {
  /** The shares that count now. */
  get(): TenantShares;
  /** Applies the overrides that count at `now`. @returns whether a share has changed */
  apply(state: ControlState, now: number): boolean;
  report(): Record<TenantShareName, AppliedLimit>;
}

export function createLiveShares(
  { TENANT_SHARES: setting }: Pick<Settings, 'TENANT_SHARES'>,
  { log }: { log: Logger },
): LiveShares {
  let shares = readTenantShares(setting, { limits: [] }, 0);
  const report = () =>
    Object.fromEntries(
      [...shares.own].map(([tenant, value]) => [
        tenantShareName(tenant),
        { base: readBaseShare(setting, tenant), value },
      ]),
    );
  return {
    get: () => shares,
    apply: (state, now) => {
      const before = report();
      shares = readTenantShares(setting, state, now);
      const after = report();
      const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
        (name) => before[name as TenantShareName]?.value !== after[name as TenantShareName]?.value,
      );
      for (const name of changed)
        log.info(
          { tenant: readShareTenant(name), share: after[name as TenantShareName]?.value },
          'share changed',
        );
      return changed.length > 0;
    },
    report,
  };
}
