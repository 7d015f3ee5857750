import { CATALOGUE_GUARDS } from '@darkroom/api';
import { type CatalogueConfig, parseDuration } from '../file/index.ts';

/** What stops a run before it spends. */
export const GUARDS = CATALOGUE_GUARDS;
export type GuardName = (typeof GUARDS)[number];

export interface Guard {
  name: GuardName;
  /** What was found, as a sentence for people. */
  message: string;
  /** An operator passed it. */
  accepted: boolean;
}

export interface GuardFacts {
  /** Unix milliseconds. */
  now: number;
  /** Of the source, in Unix milliseconds. Undefined: its server does not say. */
  modifiedAt: number | undefined;
  rows: number;
  /** Items that are bought because they are new or changed. */
  changed: number;
  /** Of the last good run. Undefined on the first one. */
  previous: { rows: number; items: number } | undefined;
  /** Why the last manifest is missing. */
  missingManifest: string | undefined;
  /** `model resolution` of what is bought and has no price. */
  unpriced: readonly string[];
}

const HOUR_MS = 3_600_000;

/** The guards that a plan meets. A run may buy only if all are accepted. Pure. */
export function checkGuards(
  facts: GuardFacts,
  limits: CatalogueConfig['guards'],
  accepted: readonly GuardName[],
): Guard[] {
  const guards: Guard[] = [];
  const add = (name: GuardName, message: string | undefined) => {
    if (message !== undefined) guards.push({ name, message, accepted: accepted.includes(name) });
  };
  add('stale_source', describeAge(facts, limits.max_source_age));
  add('short_source', describeShrink(facts, limits.max_shrink_percent));
  add('many_changes', describeChanges(facts, limits.max_changed_percent));
  if (facts.missingManifest !== undefined)
    add(
      'missing_manifest',
      `Without the last manifest, every image is bought again: ${facts.missingManifest}.`,
    );
  if (facts.unpriced.length > 0) add('unknown_price', `No price is known for ${facts.unpriced.join(', ')}.`);
  return guards;
}

function describeAge({ now, modifiedAt }: GuardFacts, limit: string | null): string | undefined {
  const maxMs = limit === null ? undefined : parseDuration(limit);
  if (maxMs === undefined) return undefined;
  if (modifiedAt === undefined)
    return `The server of the source does not say how old it is. The limit is ${limit}; max_source_age: null turns it off.`;
  if (now - modifiedAt <= maxMs) return undefined;
  return `The source is ${formatHours(now - modifiedAt)} old. The limit is ${limit}.`;
}

function describeShrink({ rows, previous }: GuardFacts, limit: number | null): string | undefined {
  if (limit === null || !previous || previous.rows === 0) return undefined;
  const percent = (1 - rows / previous.rows) * 100;
  if (percent <= limit) return undefined;
  return `The source has ${rows} rows, and the last run had ${previous.rows}: ${percent.toFixed(1)} % less. The limit is ${limit} %.`;
}

function describeChanges({ changed, previous }: GuardFacts, limit: number | null): string | undefined {
  if (limit === null || !previous || previous.items === 0) return undefined;
  const percent = (changed / previous.items) * 100;
  if (percent <= limit) return undefined;
  return `${changed} items are new or changed, and the last run had ${previous.items}: ${percent.toFixed(1)} %. The limit is ${limit} %.`;
}

const formatHours = (ms: number) =>
  ms < 48 * HOUR_MS ? `${(ms / HOUR_MS).toFixed(1)} hours` : `${(ms / 24 / HOUR_MS).toFixed(1)} days`;
