/** Sends a request to the API, and reads the JSON of the answer. @param repeatable whether it is safe to send it twice */
export type Send = <T>(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
  repeatable?: boolean,
) => Promise<T>;

export function buildQuery(values: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text && `?${text}`;
}

/** Reads pages until there are `limit` items, or no more pages. */
export async function collectPages<T>(
  limit: number,
  readPage: (cursor: string | undefined) => Promise<{ data: T[]; next_cursor: string | null }>,
): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await readPage(cursor);
    items.push(...page.data);
    if (items.length >= limit || page.next_cursor === null) return items.slice(0, limit);
    cursor = page.next_cursor;
  }
}
