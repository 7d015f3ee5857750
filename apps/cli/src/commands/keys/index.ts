// index.ts        keys new
// key-options.ts  …reads its options
import { randomBytes } from 'node:crypto';
import { createApiKey, formatApiKey } from '@darkroom/shared/keys';
import { Option } from 'commander';
import { defineCommand, readCount } from '../../command/index.ts';
import { readRoles, readTenant } from './key-options.ts';

interface Options {
  tenant: string;
  roles?: string;
  rate?: number;
  body?: number;
  webhookSecret?: true;
}

const newCommand = defineCommand<Options>({
  path: 'keys new',
  summary: 'Make an API key. Its text is printed once; API_KEYS holds only its hash.',
  details: 'It talks to no server: add the printed entry to API_KEYS, and restart the producers.',
  options: [
    new Option('--tenant <name>', 'owner of the key; * for operators of all tenants')
      .argParser(readTenant)
      .default('default'),
    new Option('--roles <list>', 'enqueue, read, operate (default: enqueue,read; operate,read for *)'),
    new Option('--rate <n>', 'requests per second, instead of API_RATE_PER_SECOND').argParser(readCount),
    new Option('--body <bytes>', 'bytes of a request body, instead of MAX_BODY_BYTES').argParser(readCount),
    new Option('--webhook-secret', 'make a secret for signing webhooks instead'),
  ],
  examples: [
    'keys new --tenant shop',
    "keys new --tenant '*'",
    'keys new --tenant shop --webhook-secret',
    'keys new --tenant shop --json key,entry',
  ],
  fields: ['tenant', 'key', 'secret', 'entry'],
  uses: 'local',
  run: async ({ options }) => (options.webhookSecret ? createSecret(options) : createKey(options)),
});

function createKey({ tenant, roles: roleText, rate, body }: Options) {
  const roles = readRoles(roleText, tenant);
  const { text: key, sha256 } = createApiKey();
  const limits = { ...(rate ? { perSecond: rate } : {}), ...(body ? { bodyBytes: body } : {}) };
  const entry = formatApiKey({ tenant, roles, sha256, ...limits });
  const text = [
    `Key of tenant ${tenant} (${roles.join(', ')}). It is shown only once:`,
    '',
    `  ${key}`,
    '',
    'Add this entry to API_KEYS (entries are separated by commas) and restart the producers:',
    '',
    `  ${entry}`,
    '',
    '',
  ];
  return { data: { tenant, key, entry }, text: text.join('\n') };
}

function createSecret({ tenant }: Options) {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const entry = tenant === 'default' ? secret : `${tenant}=${secret}`;
  const text = [
    'Add this entry to WEBHOOK_SECRETS of producers and workers. Receivers verify with the part that starts with whsec_:',
    '',
    `  ${entry}`,
    '',
    'To rotate, keep the old entry after the new one for a while: webhooks are signed with both.',
    '',
    '',
  ];
  return { data: { tenant, secret, entry }, text: text.join('\n') };
}

export const KEY_COMMANDS = [newCommand];
