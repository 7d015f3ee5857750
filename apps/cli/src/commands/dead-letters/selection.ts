import { type DeadLetterFilter, FAILURE_CODES, type FailureCode, MODELS, STEPS } from '@darkroom/api';
import { InvalidArgumentError, Option } from 'commander';
import type { Selection } from '../../api/index.ts';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-codes.ts';

/** The options that select dead letters. */
export interface FilterOptions {
  code?: FailureCode[];
  group?: string;
  run?: string;
  tenant?: string;
  model?: DeadLetterFilter['model'];
  step?: DeadLetterFilter['step'];
  text?: string;
  since?: string;
  until?: string;
}

export const filterOptions = () => [
  new Option('--code <list>', `failed with one of these codes: ${FAILURE_CODES.join(', ')}`).argParser(
    readCodes,
  ),
  new Option('--group <key>', 'of this group: a key of dead-letters summary'),
  new Option('--run <name>', 'of this run'),
  new Option('--tenant <name>', 'of this tenant (with a key for all tenants)'),
  new Option('--model <name>', 'of this model').choices(MODELS),
  new Option('--step <name>', 'failed in this step').choices(STEPS),
  new Option('--text <text>', 'id, message, run, prompt, task or metadata contain this text'),
  new Option('--since <time>', 'failed at this time or later: 2h, 3d, 2026-11-22 or 2026-11-22T16:00:00Z'),
  new Option('--until <time>', 'failed before this time'),
];

/** For commands that change something: everything is selected only on demand. */
export const selectionOptions = () => [...filterOptions(), new Option('--all', 'all dead letters')];

export const SELECTION_ARGUMENT = { name: '[ids...]', text: 'ids of failed renders: rnd_…' };

function readCodes(text: string): FailureCode[] {
  const codes = text.split(',').map((word) => word.trim());
  if (codes.every((word): word is FailureCode => (FAILURE_CODES as readonly string[]).includes(word)))
    return codes;
  throw new InvalidArgumentError(`expected one or more of ${FAILURE_CODES.join(', ')}.`);
}

export function toFilter(options: FilterOptions, now: number): DeadLetterFilter {
  const { code, group: reason, run, tenant, model, step, text } = options;
  const since = readTime('since', options.since, now);
  const until = readTime('until', options.until, now);
  const given = { code, reason, run, tenant, model, step, text, since, until };
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as DeadLetterFilter;
}

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function readTime(flag: string, text: string | undefined, now: number): string | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^(\d+)(s|m|h|d)$/.exec(text) ?? [];
  if (count !== undefined) return new Date(now - Number(count) * (UNIT_MS[unit] ?? 0)).toISOString();
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text).toISOString();
  throw new CliError(
    EXIT.usage,
    `--${flag}: expected an age such as 2h, or a time such as 2026-11-22T16:00:00Z, received ${JSON.stringify(text)}`,
  );
}

/** @throws CliError unless there are ids, a filter or `--all` */
export function readSelection(
  ids: string[],
  options: FilterOptions & { all?: true },
  now: number,
): Selection {
  const filter = toFilter(options, now);
  const hasFilter = Object.keys(filter).length > 0;
  if (Number(ids.length > 0) + Number(hasFilter || options.all === true) !== 1)
    throw new CliError(
      EXIT.usage,
      `Expected ids, or filters such as --code, or --all; received ${ids.length > 0 ? 'both ids and filters' : 'nothing'}.`,
    );
  return ids.length > 0 ? { ids } : { filter };
}
