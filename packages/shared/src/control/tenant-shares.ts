import { readShareTenant, tenantShareName } from '@darkroom/api';
import { selectTenantValues, type TenantValue } from '../config/index.ts';
import { tenantLine } from '../queues/index.ts';
import { findOverride } from './limit-records.ts';
import type { ControlState } from './pause-records.ts';

/** How tenants share the submissions of a lane. */
export interface TenantShares {
  /** Of tenants that have no share of their own. */
  others: number;
  /** The shares that count, of tenants that have one of their own: of the settings, or of an operator. */
  own: ReadonlyMap<string, number>;
}

/** The share of a tenant in the setting `TENANT_SHARES`. */
export const readBaseShare = (setting: readonly TenantValue[], tenant: string): number =>
  Number(selectTenantValues(setting, tenant)[0] ?? 1);

/** @param setting `TENANT_SHARES` */
export function readTenantShares(
  setting: readonly TenantValue[],
  state: Pick<ControlState, 'limits'>,
  now: number,
): TenantShares {
  const named = [
    ...setting.map(({ tenant }) => tenant),
    ...state.limits.map(({ name }) => readShareTenant(name)),
  ].filter((tenant) => tenant !== undefined);
  const own = named.map((tenant) => {
    const override = findOverride(state, tenantShareName(tenant), now);
    return [tenant, override?.value ?? readBaseShare(setting, tenant)] as const;
  });
  return {
    others: Number(setting.find(({ tenant }) => tenant === undefined)?.value ?? 1),
    own: new Map(own),
  };
}

export const findShare = ({ own, others }: TenantShares, tenant: string): number => own.get(tenant) ?? others;

/** The shares of the lines of a lane in the queue `submit`. */
export function createLineShares(
  lane: Parameters<typeof tenantLine>[0],
  { own, others }: TenantShares,
): (line: number) => number {
  const shares = new Map([...own].map(([tenant, share]) => [tenantLine(lane, tenant), share]));
  return (line) => shares.get(line) ?? others;
}
