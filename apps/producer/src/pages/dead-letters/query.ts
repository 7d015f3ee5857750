import { DEAD_LETTER_GROUPS, type DeadLetterGroupKind } from '@darkroom/api';

/** The fields of the filter form. The API has `since` and `until` in place of `age`. */
const FILTERS = ['code', 'reason', 'run', 'tenant', 'model', 'step', 'text', 'since', 'until'] as const;

const HOUR_MS = 3_600_000;

/** How long ago a render failed: the bounds are milliseconds before now. */
export const AGES: Record<string, { name: string; since?: number; until?: number }> = {
  'last-hour': { name: 'in the last hour', since: HOUR_MS },
  'last-day': { name: 'in the last 24 hours', since: 24 * HOUR_MS },
  'older-hour': { name: 'more than an hour ago', until: HOUR_MS },
  'older-day': { name: 'more than 24 hours ago', until: 24 * HOUR_MS },
  'older-week': { name: 'more than 7 days ago', until: 7 * 24 * HOUR_MS },
};

/** Replaces `age` by the times that the API takes. Other fields stay: the API rejects unknown ones. */
export function resolveAge(fields: Record<string, string>, now: number): Record<string, string> {
  const { age, ...rest } = fields;
  const range = age === undefined ? undefined : AGES[age];
  if (!range) return rest;
  const toTime = (ago: number) => new Date(now - ago).toISOString();
  return {
    ...rest,
    ...(range.since === undefined ? {} : { since: toTime(range.since) }),
    ...(range.until === undefined ? {} : { until: toTime(range.until) }),
  };
}

/** The filters among the fields. */
export const pickFilters = (fields: Record<string, string>): Record<string, string> =>
  Object.fromEntries(FILTERS.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])));

/** Filters of a query as the filter of a request's body. Times without an hour get one. */
function toFilter(fields: Record<string, string>): Record<string, unknown> {
  const { code, since, until, ...rest } = pickFilters(fields);
  const toTime = (text: string) => (Number.isNaN(Date.parse(text)) ? text : new Date(text).toISOString());
  return {
    ...rest,
    ...(code === undefined ? {} : { code: code.split(',') }),
    ...(since === undefined ? {} : { since: toTime(since) }),
    ...(until === undefined ? {} : { until: toTime(until) }),
  };
}

export const isGroupKind = (text: string | undefined): text is DeadLetterGroupKind =>
  DEAD_LETTER_GROUPS.some((kind) => kind === text);

/** The path of a list with these fields. */
export const listPath = (fields: Record<string, string>) =>
  `/dead-letters/list?${new URLSearchParams(fields).toString()}`;

/** The selected dead letters of a form, or all that match its filters. */
export function readSelection(
  form: URLSearchParams,
): { ids: string[] } | { filter: Record<string, unknown> } {
  const ids = form.getAll('id');
  return ids.length > 0 || !form.has('all') ? { ids } : { filter: toFilter(Object.fromEntries(form)) };
}
