import type { Transport } from '../http/index.ts';
import type { Render, RenderPage, RenderStatus } from '../types.ts';

/** Which renders to list; what is left out matches all. */
export interface ListFilters {
  status?: RenderStatus | readonly RenderStatus[] | undefined;
  /** The batch that the requests named. */
  run?: string | undefined;
  createdAfter?: Date | string | undefined;
  createdBefore?: Date | string | undefined;
  /** Renders on a page, 1 to 100. @default 20 */
  limit?: number | undefined;
  /** Where an earlier page ended: its `next_cursor`. */
  cursor?: string | undefined;
  /** Whose; needed with a key of all tenants, and refused with any other. */
  tenant?: string | undefined;
}

/** Renders, newest first, fetched page by page as they are asked for. */
export interface RenderList extends AsyncIterable<Render> {
  /** One page. It may be short; only a `next_cursor` of null says that it is the last. */
  page(): Promise<RenderPage>;
  /** All pages, one by one. */
  pages(): AsyncIterable<RenderPage>;
}

export function list(
  transport: Transport,
  filters: ListFilters = {},
  { signal }: { signal?: AbortSignal | undefined } = {},
): RenderList {
  const page = (cursor = filters.cursor) => {
    const path = `v1/renders${queryOf({ ...filters, cursor })}`;
    return transport.json<RenderPage>({ method: 'GET', path, repeatable: true, signal });
  };
  async function* pages() {
    let cursor = filters.cursor;
    do {
      const next = await page(cursor);
      yield next;
      cursor = next.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }
  return {
    page: async () => await page(),
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const { data } of pages()) yield* data;
    },
  };
}

function queryOf(filters: ListFilters): string {
  const { status, run, createdAfter, createdBefore, limit, cursor, tenant } = filters;
  const query = new URLSearchParams();
  const set = (name: string, value: string | number | undefined) => {
    if (value !== undefined) query.set(name, String(value));
  };
  set('status', typeof status === 'string' ? status : status?.join(','));
  set('run', run);
  set('created_after', instant('createdAfter', createdAfter));
  set('created_before', instant('createdBefore', createdBefore));
  set('limit', limit);
  set('cursor', cursor);
  set('tenant', tenant);
  const text = query.toString();
  return text && `?${text}`;
}

function instant(name: string, time: Date | string | undefined): string | undefined {
  if (!(time instanceof Date)) return time;
  if (Number.isNaN(time.getTime())) throw new TypeError(`${name}: expected a valid date`);
  return time.toISOString();
}
