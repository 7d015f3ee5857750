// index.ts        keys new, keys list, keys revoke
// key-options.ts  …reads its options
import { randomBytes } from 'node:crypto';
import { type KeyResponse, keySchema, newKeySchema } from '@darkroom/api';
import { createApiKey, formatApiKey, keyIdOf } from '@darkroom/shared/keys';
import { Option } from 'commander';
import type { Api } from '../../api/index.ts';
import { defineCommand, readCount } from '../../command/index.ts';
import { formatTable, formatTime, showSafely } from '../../output/index.ts';
import { readRoles, readTenant } from './key-options.ts';

interface Options {
  tenant: string;
  roles?: string;
  name?: string;
  rate?: number;
  body?: number;
  entry?: true;
  webhookSecret?: true;
}

const newCommand = defineCommand<Options>({
  path: 'keys new',
  summary: 'Make an API key that works at once. Its text is printed once; the store has only its hash.',
  details:
    'With --entry it talks to no server: it prints an entry for API_KEYS, which counts after a restart of the producers. The first key of an operator is such an entry.',
  options: [
    new Option('--tenant <name>', 'owner of the key; * for operators of all tenants')
      .argParser(readTenant)
      .default('default'),
    new Option('--roles <list>', 'enqueue, read, operate (default: enqueue,read; operate,read for *)'),
    new Option('--name <text>', 'who uses the key, for people'),
    new Option('--rate <n>', 'requests per second, instead of API_RATE_PER_SECOND').argParser(readCount),
    new Option('--body <bytes>', 'bytes of a request body, instead of MAX_BODY_BYTES').argParser(readCount),
    new Option('--entry', 'print an entry for API_KEYS instead'),
    new Option('--webhook-secret', 'make a secret for signing webhooks instead'),
  ],
  examples: [
    "keys new --tenant shop --name 'catalogue service'",
    "keys new --tenant '*' --roles read",
    "keys new --tenant '*' --entry",
    'keys new --tenant shop --webhook-secret',
    'keys new --tenant shop --json id,key',
  ],
  fields: [...Object.keys(newKeySchema.shape), 'secret', 'entry'],
  uses: 'api',
  run: async ({ options, api }) => {
    if (options.webhookSecret) return createSecret(options);
    return options.entry ? createEntry(options) : await createKey(options, await api());
  },
});

const listCommand = defineCommand({
  path: 'keys list',
  summary: 'List the API keys: the entries of API_KEYS, and those that operators made.',
  examples: ['keys list', 'keys list --json id,tenant,revoked'],
  fields: Object.keys(keySchema.shape),
  uses: 'api',
  page: () => 'keys',
  run: async ({ api, host }) => {
    const data = await (await api()).listKeys();
    return { data, text: formatKeys(data, host.clock.now()) };
  },
});

const revokeCommand = defineCommand<{ reason?: string }>({
  path: 'keys revoke',
  summary: 'Revoke an API key. It stops working within seconds, and so do the sessions of browsers.',
  details: 'An entry of API_KEYS cannot be revoked: remove it, and restart the producers.',
  args: [{ name: '<id>', text: 'the id of the key: key_…' }],
  options: [new Option('--reason <text>', 'why, for people')],
  examples: [
    "keys revoke key_9f86d081884c7d65 --reason 'it was in a log'",
    'keys revoke key_9f86d081884c7d65 --yes',
  ],
  fields: Object.keys(keySchema.shape),
  uses: 'api',
  asks: true,
  run: async ({ args: [id = ''], options: { reason }, api, host, confirm }) => {
    const client = await api();
    await confirm(`Revoke the key ${id}? Its callers are answered 401.`);
    const data = await client.revokeKey(id, reason);
    return { data, text: formatKeys([data], host.clock.now()) };
  },
});

const formatKeys = (keys: readonly KeyResponse[], now: number) =>
  formatTable(
    ['ID', 'TENANT', 'ROLES', 'FROM', 'NAME', 'CREATED', 'STATE'],
    keys.map(({ id, tenant, roles, source, name, created_at: createdAt, revoked }) => [
      id,
      tenant,
      roles.join(','),
      source === 'setting' ? 'API_KEYS' : 'store',
      showSafely(name ?? ''),
      createdAt ? formatTime(createdAt, now) : '',
      revoked
        ? `revoked by ${revoked.actor}${revoked.reason ? `: ${showSafely(revoked.reason)}` : ''}`
        : 'works',
    ]),
    'There are no API keys.',
  );

async function createKey({ tenant, roles: roleText, name, rate, body }: Options, api: Api) {
  const roles = readRoles(roleText, tenant);
  const data = await api.createKey({
    tenant,
    roles,
    ...(name === undefined ? {} : { name }),
    ...(rate === undefined ? {} : { rate }),
    ...(body === undefined ? {} : { body_bytes: body }),
  });
  const text = [
    `Key ${data.id} of tenant ${tenant} (${roles.join(', ')}). It works now, and it is shown only once:`,
    '',
    `  ${data.key}`,
    '',
    '',
  ];
  return { data, text: text.join('\n') };
}

function createEntry({ tenant, roles: roleText, rate, body }: Options) {
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
  return { data: { id: keyIdOf({ sha256 }), tenant, roles, key, entry }, text: text.join('\n') };
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

export const KEY_COMMANDS = [newCommand, listCommand, revokeCommand];
