import { TENANT } from '@darkroom/api';
import { ALL_TENANTS, ROLES, type Role } from '@darkroom/shared/keys';
import { InvalidArgumentError } from 'commander';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-codes.ts';

export function readTenant(tenant: string): string {
  if (tenant === ALL_TENANTS || TENANT.test(tenant)) return tenant;
  throw new InvalidArgumentError('expected at most 63 characters of a-z, 0-9, - and _, or *.');
}

/** Not an argument parser of commander: the known roles depend on the tenant. */
export function readRoles(text: string | undefined, tenant: string): Role[] {
  const allTenants = tenant === ALL_TENANTS;
  if (text === undefined) return allTenants ? ['operate', 'read'] : ['enqueue', 'read'];
  const roles = text.split(/[,+]/).map((role) => role.trim());
  const known = allTenants ? ROLES.filter((role) => role !== 'enqueue') : ROLES;
  if (roles.every((role): role is Role => (known as readonly string[]).includes(role))) return roles;
  const why = allTenants ? ' (a render belongs to one tenant: * cannot enqueue)' : '';
  throw new CliError(
    EXIT.usage,
    `--roles: expected one or more of ${known.join(', ')}${why}, received ${JSON.stringify(text)}`,
  );
}
