/** How the renders are shown. */
export const VIEWS = ['gallery', 'table'] as const;
export type View = (typeof VIEWS)[number];

export const readView = (text: string | undefined): View => (text === 'table' ? 'table' : 'gallery');

const TIMES = ['created_after', 'created_before'] as const;

/** A browser sends a time without its zone, and mostly without seconds. It is UTC here. */
const withZone = (time: string) =>
  time.replace(/(T\d\d:\d\d)(:\d\d)?$/, (_, minutes: string, seconds = ':00') => `${minutes}${seconds}Z`);

/** The fields of the form as the API takes them. */
export const toApiQuery = (fields: Record<string, string>): Record<string, string> => ({
  ...fields,
  ...Object.fromEntries(
    TIMES.flatMap((name) => (fields[name] === undefined ? [] : [[name, withZone(fields[name])]])),
  ),
});

/** A time of a query as the value of a field. What is no time stays, so that the API can say so. */
export function toFieldTime(time = ''): string {
  const at = Date.parse(withZone(time));
  return Number.isNaN(at) ? time : new Date(at).toISOString().slice(0, 16);
}

/** The path of a list with these fields. */
export const pathOf = (fields: Record<string, string>) =>
  `/renders?${new URLSearchParams(fields).toString()}`;
