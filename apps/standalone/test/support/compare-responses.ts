/** A response as a client sees it. */
export interface RecordedResponse {
  status: number;
  contentType: string | null;
  headers: string[];
  body: unknown;
}

/** The headers that clients act on. */
const HEADERS = ['retry-after', 'location', 'allow'];

export async function record(response: Response): Promise<RecordedResponse> {
  const text = await response.text();
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    headers: HEADERS.filter((name) => response.headers.has(name)),
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/**
 * Lists how our response differs from the provider's: in status, content type, headers, keys, types of values, and
 * the values that clients act on. Values that are always different (ids, times, hosts, texts) are compared by their
 * type.
 */
export function listDifferences(ours: RecordedResponse, theirs: RecordedResponse): string[] {
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

/** The values that clients act on. They must be equal. */
const DECISIVE =
  /^(object|status|model|result\.type|error\.code|error\.type|success|data\.mime_type|data\.size)$/;

function compare(ours: unknown, theirs: unknown, path: string, found: string[]): void {
  if (describeType(ours, path) !== describeType(theirs, path)) {
    found.push(`${path || 'body'} is ${describeType(ours, path)}, not ${describeType(theirs, path)}`);
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

function describeType(value: unknown, path: string): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'number' && path.endsWith('_at')) return value < 1e11 ? 'seconds' : 'milliseconds';
  if (typeof value === 'string' && /^https?:\/\//.test(value)) return 'a URL';
  return typeof value;
}
