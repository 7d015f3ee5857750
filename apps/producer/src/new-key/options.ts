import { parseArgs } from 'node:util';
import { TENANT } from '@darkroom/api';
import { ALL_TENANTS, ROLES, type Role } from '@darkroom/shared/keys';

/** An invalid command line. The message says what was expected. */
export class UsageError extends Error {}

export interface Options {
  tenant: string;
  roles: Role[];
  perSecond?: number;
  bodyBytes?: number;
  webhookSecret: boolean;
  json: boolean;
  /** The help text, with `--help`. */
  help?: string;
}

const HELP = `Usage: npx -y pnpm@12 new-key [options]

Makes an API key. Its text is printed once; API_KEYS holds only its hash.

  --tenant <name>     owner of the key; * for operators of all tenants    (default)
  --roles <list>      enqueue, read, operate                              (enqueue,read; operate,read for *)
  --rate <n>          requests per second, instead of API_RATE_PER_SECOND
  --body <bytes>      bytes of a request body, instead of MAX_BODY_BYTES
  --webhook-secret    make a secret for signing webhooks instead
  --json              print one JSON object

Examples:
  npx -y pnpm@12 new-key --tenant shop
  npx -y pnpm@12 new-key --tenant '*'                     Bull Board, metrics, every tenant's renders
  npx -y pnpm@12 new-key --tenant shop --webhook-secret
`;

/** @throws {UsageError} naming the option, what was expected and what was received. */
export function readOptions(argv: string[]): Options {
  const { values } = parseCommandLine(argv);
  const tenant = values.tenant ?? 'default';
  if (tenant !== ALL_TENANTS && !TENANT.test(tenant)) {
    throw new UsageError(
      `--tenant: expected a name of at most 63 of a-z 0-9 - _, or *; received ${JSON.stringify(tenant)}`,
    );
  }
  const perSecond = readWholeNumber('--rate', values.rate);
  const bodyBytes = readWholeNumber('--body', values.body);
  return {
    tenant,
    roles: readRoles(values.roles, tenant),
    ...(perSecond ? { perSecond } : {}),
    ...(bodyBytes ? { bodyBytes } : {}),
    webhookSecret: values['webhook-secret'] ?? false,
    json: values.json ?? false,
    ...(values.help ? { help: HELP } : {}),
  };
}

function parseCommandLine(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: {
        tenant: { type: 'string' },
        roles: { type: 'string' },
        rate: { type: 'string' },
        body: { type: 'string' },
        'webhook-secret': { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function readRoles(text: string | undefined, tenant: string): Role[] {
  const allTenants = tenant === ALL_TENANTS;
  if (text === undefined) return allTenants ? ['operate', 'read'] : ['enqueue', 'read'];
  const roles = text.split(/[,+]/).map((role) => role.trim());
  const known = allTenants ? ROLES.filter((role) => role !== 'enqueue') : ROLES;
  if (roles.every((role): role is Role => (known as readonly string[]).includes(role))) return roles;
  const why = allTenants ? ' (a render belongs to one tenant: * cannot enqueue)' : '';
  throw new UsageError(
    `--roles: expected one or more of ${known.join(', ')}${why}; received ${JSON.stringify(text)}`,
  );
}

function readWholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new UsageError(`${option}: expected a whole number above 0; received ${JSON.stringify(text)}`);
}
