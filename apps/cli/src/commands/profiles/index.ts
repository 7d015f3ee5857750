import { Option } from 'commander';
import { CliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatTable } from '../../output/index.ts';
import { locateProfiles, readProfiles, writeProfiles } from '../../profile/index.ts';

const FIELDS = ['name', 'url', 'has_key', 'is_default'];
const NAME = { name: '<name>', text: 'the name of a profile' };

interface SetOptions {
  url: string;
  apiKeyStdin?: true;
  default?: true;
}

const listCommand = defineCommand({
  path: 'profiles list',
  summary: 'List the profiles: each has the URL and the key of a server. Keys are not shown.',
  examples: ['profiles list', 'profiles list --json all'],
  fields: FIELDS,
  uses: 'local',
  run: async ({ host }) => {
    const { default: defaultName, profiles } = await readProfiles(host.env);
    const data = Object.entries(profiles).map(([name, profile]) => ({
      name,
      url: profile.url,
      has_key: profile.api_key !== undefined,
      is_default: name === defaultName,
    }));
    const rows = data.map((row) => [
      row.name,
      row.url,
      row.has_key ? 'yes' : 'no',
      row.is_default ? 'yes' : '',
    ]);
    const empty = `No profiles in ${locateProfiles(host.env)}. Create one with: darkroom profiles set <name> --url <url>`;
    return { data, text: formatTable(['NAME', 'URL', 'KEY', 'DEFAULT'], rows, empty) };
  },
});

const setCommand = defineCommand<SetOptions>({
  path: 'profiles set',
  summary: 'Create or replace a profile.',
  details:
    'The key is read from stdin, because other users of the machine can see the arguments of a process. Only you can read the file.',
  args: [NAME],
  options: [
    new Option('--url <url>', 'the URL of a producer').makeOptionMandatory(),
    new Option('--api-key-stdin', 'read the API key from stdin'),
    new Option('--default', 'use this profile when nothing else is set'),
  ],
  examples: [
    'profiles set local --url http://127.0.0.1:3000 --default',
    'profiles set prod --url https://darkroom.example.com --api-key-stdin < key.txt',
  ],
  fields: FIELDS,
  uses: 'local',
  run: async ({ args: [name = ''], options, host }) => {
    const { url } = options;
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new CliError(EXIT.usage, `--url: expected an http(s) URL, received ${JSON.stringify(url)}`);
    const key = options.apiKeyStdin ? (await host.readInput()).trim() : undefined;
    if (key === '')
      throw new CliError(EXIT.usage, '--api-key-stdin: expected a key on stdin, received nothing');
    const file = await readProfiles(host.env);
    file.profiles[name] = { url, ...(key === undefined ? {} : { api_key: key }) };
    if (options.default) file.default = name;
    const path = await writeProfiles(host.env, file);
    const data = { name, url, has_key: key !== undefined, is_default: file.default === name };
    return { data, text: `Profile ${name} is in ${path}. Use it with --profile ${name}.\n` };
  },
});

const removeCommand = defineCommand({
  path: 'profiles remove',
  summary: 'Remove a profile and its key.',
  args: [NAME],
  examples: ['profiles remove local'],
  fields: FIELDS,
  uses: 'local',
  run: async ({ args: [name = ''], host }) => {
    const file = await readProfiles(host.env);
    const profile = file.profiles[name];
    if (!profile) throw new CliError(EXIT.notFound, `There is no profile ${JSON.stringify(name)}.`);
    const isDefault = file.default === name;
    delete file.profiles[name];
    if (isDefault) delete file.default;
    await writeProfiles(host.env, file);
    const data = { name, url: profile.url, has_key: profile.api_key !== undefined, is_default: isDefault };
    return { data, text: `Profile ${name} is removed.\n` };
  },
});

export const PROFILE_COMMANDS = [listCommand, setCommand, removeCommand];
