/** One answer as a client sees it. */
export interface Answer {
  status: number;
  contentType: string | null;
  headers: string[];
  body: unknown;
}

/** Headers that say something to a client; the others are the server's own affair. */
const HEADERS = ['retry-after', 'location', 'allow'];

export async function recorded(response: Response): Promise<Answer> {
  const text = await response.text();
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    headers: HEADERS.filter((name) => response.headers.has(name)),
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/**
 * How our answer differs from the provider's: in status, content type, headers, keys, the types of values, and in what
 * clients decide by. Values that must differ (ids, times, hosts, texts) are compared by their type.
 */
export function differences(ours: Answer, theirs: Answer): string[] {
  const found: string[] = [];
  if (ours.status !== theirs.status) found.push(`status ${ours.status}, not ${theirs.status}`);
  if (ours.contentType !== theirs.contentType) {
    found.push(`content type ${ours.contentType}, not ${theirs.contentType}`);
  }
  if (ours.headers.join() !== theirs.headers.join()) {
    found.push(`headers ${ours.headers.join()}, not ${theirs.headers.join()}`);
  }
  compare(ours.body, theirs.body, '', found);
  return found;
}

/** What clients decide by: equal to the letter. */
const DECISIVE =
  /^(object|status|model|result\.type|error\.code|error\.type|success|data\.mime_type|data\.size)$/;

function compare(ours: unknown, theirs: unknown, path: string, found: string[]): void {
  if (kindOf(ours, path) !== kindOf(theirs, path)) {
    found.push(`${path || 'body'} is ${kindOf(ours, path)}, not ${kindOf(theirs, path)}`);
    return;
  }
  if (typeof ours === 'object' && ours !== null && typeof theirs === 'object' && theirs !== null) {
    const [one, other] = [ours as Record<string, unknown>, theirs as Record<string, unknown>];
    for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
      const at = path ? `${path}.${key}` : key;
      if (!(key in one)) found.push(`${at} is missing`);
      else if (!(key in other)) found.push(`${at} is not the provider's`);
      else compare(one[key], other[key], at, found);
    }
    return;
  }
  if (DECISIVE.test(path) && ours !== theirs) found.push(`${path} is ${String(ours)}, not ${String(theirs)}`);
}

function kindOf(value: unknown, path: string): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'number' && path.endsWith('_at')) return value < 1e11 ? 'seconds' : 'milliseconds';
  if (typeof value === 'string' && /^https?:\/\//.test(value)) return 'a URL';
  return typeof value;
}
