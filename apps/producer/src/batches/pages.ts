/** A page of a list in the format of OpenAI. */
export interface Page<T> {
  items: T[];
  hasMore: boolean;
}

/** The first items of a list. One more is read, to know whether more follow. */
export async function takePage<T>(
  items: AsyncIterable<T>,
  limit: number,
  matches: (item: T) => boolean = () => true,
): Promise<Page<T>> {
  const page: T[] = [];
  for await (const item of items) {
    if (!matches(item)) continue;
    if (page.length === limit) return { items: page, hasMore: true };
    page.push(item);
  }
  return { items: page, hasMore: false };
}

export const formatPage = <T extends { id: string }>(data: T[], hasMore: boolean) => ({
  object: 'list' as const,
  data,
  first_id: data[0]?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
  has_more: hasMore,
});
