import type { Transport } from '../http/index.ts';
import type { Render, RenderPage, RenderStatus } from '../types.ts';

/** Filters of a list. An omitted filter matches all renders. */
export interface ListFilters {
  status?: RenderStatus | readonly RenderStatus[] | undefined;
  /** The name of the batch, from the requests. */
  run?: string | undefined;
  createdAfter?: Date | string | undefined;
  createdBefore?: Date | string | undefined;
  /** Renders per page, 1 to 100. @default 20 */
  limit?: number | undefined;
  /** The `next_cursor` of an earlier page. */
  cursor?: string | undefined;
  /** Only renders of this tenant. For an API key for all tenants; not allowed with other keys. */
  tenant?: string | undefined;
}

/** A list of renders. The newest is first. The client fetches each page when the loop reaches it. */
export interface RenderList extends AsyncIterable<Render> {
  /** Fetches one page. It may have fewer renders than `limit`. On the last page, `next_cursor` is null. */
  page(): Promise<RenderPage>;
  /** Iterates over all pages. */
  pages(): AsyncIterable<RenderPage>;
}

export function listRenders(
  transport: Transport,
  filters: ListFilters = {},
  { signal }: { signal?: AbortSignal | undefined } = {},
): RenderList {
  const fetchPage = (cursor = filters.cursor) => {
    const path = `v1/renders${buildQuery({ ...filters, cursor })}`;
    return transport.sendForJson<RenderPage>({ method: 'GET', path, repeatable: true, signal });
  };
  async function* pages() {
    let cursor = filters.cursor;
    do {
      const next = await fetchPage(cursor);
      yield next;
      cursor = next.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }
  return {
    page: async () => await fetchPage(),
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const { data } of pages()) yield* data;
    },
  };
}

function buildQuery(filters: ListFilters): string {
  const { status, run, createdAfter, createdBefore, limit, cursor, tenant } = filters;
  const query = new URLSearchParams();
  const set = (name: string, value: string | number | undefined) => {
    if (value !== undefined) query.set(name, String(value));
  };
  set('status', typeof status === 'string' ? status : status?.join(','));
  set('run', run);
  set('created_after', formatTime('createdAfter', createdAfter));
  set('created_before', formatTime('createdBefore', createdBefore));
  set('limit', limit);
  set('cursor', cursor);
  set('tenant', tenant);
  const text = query.toString();
  return text && `?${text}`;
}

function formatTime(name: string, time: Date | string | undefined): string | undefined {
  if (!(time instanceof Date)) return time;
  if (Number.isNaN(time.getTime())) throw new TypeError(`${name}: expected a valid date`);
  return time.toISOString();
}
