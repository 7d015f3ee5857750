import { TENANT } from '@darkroom/api';

/** A value of one tenant, or of all that have none of their own. */
export interface TenantValue {
  tenant?: string;
  value: string;
}

/** Reads `value` and `tenant=value` entries. @returns `undefined` when a tenant's name cannot be one. */
export function parseTenantValues(text: string): TenantValue[] | undefined {
  const entries = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((entry): TenantValue => {
      // Base64 may end in `=`: what follows a tenant's name does not begin with it.
      const [, tenant, value] = /^([^=:/]+)=([^=].*)$/.exec(entry) ?? [];
      return tenant && value ? { tenant, value } : { value: entry };
    });
  return entries.every(({ tenant }) => tenant === undefined || TENANT.test(tenant)) ? entries : undefined;
}

/** A tenant's own values, else those for everybody; in the order of the setting. */
export function selectTenantValues(entries: readonly TenantValue[], tenant: string): string[] {
  const own = entries.filter((entry) => entry.tenant === tenant);
  const theirs = own.length > 0 ? own : entries.filter((entry) => entry.tenant === undefined);
  return theirs.map(({ value }) => value);
}
