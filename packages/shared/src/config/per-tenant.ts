import { TENANT } from '@darkroom/api';

/** A value of one tenant, or, without `tenant`, of all tenants that have no value of their own. */
export interface TenantValue {
  tenant?: string;
  value: string;
}

/** Parses `value` and `tenant=value` entries. @returns `undefined` when the name of a tenant is invalid. */
export function parseTenantValues(text: string): TenantValue[] | undefined {
  const entries = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((entry): TenantValue => {
      // A value may end in `=` (Base64), so `tenant=value` is only split before a value that does not start with `=`.
      const [, tenant, value] = /^([^=:/]+)=([^=].*)$/.exec(entry) ?? [];
      return tenant && value ? { tenant, value } : { value: entry };
    });
  return entries.every(({ tenant }) => tenant === undefined || TENANT.test(tenant)) ? entries : undefined;
}

/** The values of a tenant, or else the values without a tenant, in the order of the setting. */
export function selectTenantValues(entries: readonly TenantValue[], tenant: string): string[] {
  const own = entries.filter((entry) => entry.tenant === tenant);
  const selected = own.length > 0 ? own : entries.filter((entry) => entry.tenant === undefined);
  return selected.map(({ value }) => value);
}
