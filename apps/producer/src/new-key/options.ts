import { TENANT } from '@darkroom/api';
import { ALL_TENANTS, ROLES, type Role } from '@darkroom/shared/keys';
import { Command, InvalidArgumentError } from 'commander';

export interface Options {
  tenant: string;
  roles: Role[];
  perSecond?: number;
  bodyBytes?: number;
  webhookSecret: boolean;
  json: boolean;
}

interface Flags {
  tenant: string;
  roles?: string;
  rate?: number;
  body?: number;
  webhookSecret?: true;
  json?: true;
}

const EXAMPLES = `
Examples:
  npx -y pnpm@12 new-key --tenant shop
  npx -y pnpm@12 new-key --tenant '*'                     Bull Board, metrics, every tenant's renders
  npx -y pnpm@12 new-key --tenant shop --webhook-secret
`;

/** Exits with 2 after an invalid command line; the message says what was expected. */
export function readOptions(argv: string[]): Options {
  const command = new Command('npx -y pnpm@12 new-key')
    .description('Makes an API key. Its text is printed once; API_KEYS holds only its hash.')
    .option('--tenant <name>', 'owner of the key; * for operators of all tenants', readTenant, 'default')
    .option('--roles <list>', 'enqueue, read, operate (default: enqueue,read; operate,read for *)')
    .option('--rate <n>', 'requests per second, instead of API_RATE_PER_SECOND', readWholeNumber)
    .option('--body <bytes>', 'bytes of a request body, instead of MAX_BODY_BYTES', readWholeNumber)
    .option('--webhook-secret', 'make a secret for signing webhooks instead')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('Try --help.')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .parse(argv, { from: 'user' });
  const { tenant, roles, rate, body, webhookSecret, json } = command.opts<Flags>();
  return {
    tenant,
    roles: readRoles(command, roles, tenant),
    ...(rate ? { perSecond: rate } : {}),
    ...(body ? { bodyBytes: body } : {}),
    webhookSecret: webhookSecret ?? false,
    json: json ?? false,
  };
}

function readTenant(tenant: string): string {
  if (tenant === ALL_TENANTS || TENANT.test(tenant)) return tenant;
  throw new InvalidArgumentError('expected a name of at most 63 of a-z 0-9 - _, or *.');
}

/** Not an argument parser of commander: the known roles depend on the tenant. */
function readRoles(command: Command, text: string | undefined, tenant: string): Role[] {
  const allTenants = tenant === ALL_TENANTS;
  if (text === undefined) return allTenants ? ['operate', 'read'] : ['enqueue', 'read'];
  const roles = text.split(/[,+]/).map((role) => role.trim());
  const known = allTenants ? ROLES.filter((role) => role !== 'enqueue') : ROLES;
  if (roles.every((role): role is Role => (known as readonly string[]).includes(role))) return roles;
  const why = allTenants ? ' (a render belongs to one tenant: * cannot enqueue)' : '';
  return command.error(`error: option '--roles' expected one or more of ${known.join(', ')}${why}`);
}

function readWholeNumber(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number above 0.');
}
