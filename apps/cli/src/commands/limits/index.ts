import {
  LIMIT_TEXTS,
  LIVE_LIMITS,
  type LimitResponse,
  limitNameSchema,
  limitSchema,
  TENANT_SHARE_TEXT,
} from '@darkroom/api';
import { InvalidArgumentError, Option } from 'commander';
import { CliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatTable, formatTime, showSafely } from '../../output/index.ts';

const FIELDS = Object.keys(limitSchema.shape);
const NAME = { name: '<name>', text: 'the name of the limit, or tenant-share.<tenant>' };

function checkName(name: string): string {
  if (limitNameSchema.safeParse(name).success) return name;
  const expected = [...LIVE_LIMITS, 'tenant-share.<tenant>'].join(', ');
  throw new CliError(EXIT.usage, `<name>: expected one of ${expected}, not ${name}`);
}

/** How many workers have applied the override. */
const describeApplied = ({ value, override, workers }: LimitResponse): string =>
  override
    ? `${workers.filter((one) => one.value === value).length} of ${workers.length}`
    : [...new Set(workers.map((one) => one.value))].join(', ');

const formatLimits = (limits: readonly LimitResponse[], now: number) =>
  formatTable(
    ['LIMIT', 'VALUE', 'BASE', 'RANGE', 'OVERRIDE', 'UNTIL', 'APPLIED', 'BY', 'REASON'],
    limits.map((limit) => {
      const { name, value, base, minimum, maximum, override, ended } = limit;
      const shown = override ?? ended;
      const until = shown?.until ? formatTime(shown.until, now) : override ? 'unset' : '';
      return [
        name,
        String(value),
        String(base),
        `${minimum}-${maximum}`,
        override ? String(override.value) : ended ? `${ended.value} (ended)` : '',
        until,
        describeApplied(limit),
        shown?.actor ?? '',
        showSafely(shown?.reason ?? ''),
      ];
    }),
    'There are no limits.',
  );

const getCommand = defineCommand({
  path: 'quota get',
  summary: 'Show the limits, or one of them: base, override, and what the workers have applied.',
  details: `${LIVE_LIMITS.map((name) => `${name}: ${LIMIT_TEXTS[name]}`).join('\n')}\ntenant-share.<tenant>: ${TENANT_SHARE_TEXT}\nAPPLIED is the number of workers that have applied the override; without one, the values that they use.`,
  args: [{ ...NAME, name: '[name]' }],
  examples: ['quota get', 'quota get submissions-per-minute --json value,override,workers'],
  fields: FIELDS,
  uses: 'api',
  page: () => 'workers',
  run: async ({ args: [name], api, host }) => {
    const client = await api();
    const data = name === undefined ? await client.listLimits() : await client.getLimit(checkName(name));
    return { data, text: formatLimits(Array.isArray(data) ? data : [data], host.clock.now()) };
  },
});

interface SetOptions {
  reason: string;
  for?: number;
  until?: string;
}

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses `90m`, `2h` or `1d`. @returns milliseconds */
function readDuration(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  if (count === undefined)
    throw new InvalidArgumentError('expected minutes, hours or days, such as 90m, 2h or 1d.');
  return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

const setCommand = defineCommand<SetOptions>({
  path: 'quota set',
  summary: 'Override a limit. All workers obey within three seconds.',
  details:
    'A value outside the range that `quota get` shows is rejected. The override survives restarts and the loss of the queue. It replaces the override before. No pause ends.',
  args: [NAME, { name: '<value>', text: 'the new value, a whole number' }],
  options: [
    new Option('--reason <text>', 'why').makeOptionMandatory(),
    new Option('--for <duration>', 'it ends by itself after this time, such as 90m or 2h')
      .argParser(readDuration)
      .conflicts('until'),
    new Option('--until <time>', 'it ends by itself at this time, such as 2026-11-22T16:00:00Z'),
  ],
  examples: [
    "quota set submissions-per-minute 120 --for 2h --reason 'the provider is slow today'",
    "quota set tenant-share.acme 3 --reason 'their launch' --for 2h",
    "quota set store-concurrency 16 --reason 'many images wait' --until 2026-11-22T16:00:00Z --yes",
  ],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [name = '', text = ''], options, api, host, confirm }) => {
    checkName(name);
    const value = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
    if (value === undefined) throw new CliError(EXIT.usage, `<value>: expected a whole number, not ${text}`);
    const client = await api();
    await confirm(`Set ${name} to ${value} on all workers?`);
    const until =
      options.for === undefined ? options.until : new Date(host.clock.now() + options.for).toISOString();
    const data = await client.setLimit(name, {
      value,
      reason: options.reason,
      ...(until === undefined ? {} : { until }),
    });
    return { data, text: formatLimits([data], host.clock.now()) };
  },
});

const unsetCommand = defineCommand({
  path: 'quota unset',
  summary: 'End the override of a limit. The workers use the value of their settings again.',
  args: [NAME],
  examples: ['quota unset submissions-per-minute', 'quota unset store-concurrency --yes --json value,base'],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [name = ''], api, host, confirm }) => {
    checkName(name);
    const client = await api();
    await confirm(`End the override of ${name}?`);
    const data = await client.unsetLimit(name);
    return { data, text: formatLimits([data], host.clock.now()) };
  },
});

export const LIMIT_COMMANDS = [getCommand, setCommand, unsetCommand];
