import { ALL_TENANTS } from '@darkroom/shared/keys';
import { isAfter, type Position } from './position.ts';

/** A render that waits in the queue, and its position in lists. */
export interface QueuedRender extends Position {
  tenant: string;
}

/** Queued renders by tenant, in the order of lists. For hundreds of thousands of them. */
export interface Backlog {
  /** By id, in the order of their additions. */
  readonly renders: ReadonlyMap<string, QueuedRender>;
  add(renders: readonly QueuedRender[]): void;
  /** The renders of a tenant (`*`: of all tenants), the oldest first. Later additions are inserted into this array. */
  listOldestFirst(tenant: string): readonly Position[];
}

export function createBacklog(): Backlog {
  const renders = new Map<string, QueuedRender>();
  const byTenant = new Map<string, Position[]>();

  const addTo = (tenant: string, added: readonly Position[]) => {
    const list = byTenant.get(tenant) ?? [];
    insertOldestFirst(list, added);
    byTenant.set(tenant, list);
  };

  return {
    renders,
    add(queued) {
      const added = queued.filter(({ renderId }) => !renders.has(renderId));
      for (const render of added) renders.set(render.renderId, render);
      added.sort((one, other) => (isAfter(one, other) ? -1 : 1));
      for (const [tenant, own] of Map.groupBy(added, (render) => render.tenant)) addTo(tenant, own);
      addTo(ALL_TENANTS, added);
    },
    listOldestFirst: (tenant) => byTenant.get(tenant) ?? [],
  };
}

/** Both have the oldest first. New renders are usually newer than all others: then few positions move. */
function insertOldestFirst(list: Position[], added: readonly Position[]): void {
  const [oldest] = added;
  if (!oldest) return;
  const newer = list.splice(countFollowing(list, oldest)).values();
  let next = newer.next().value;
  for (const one of added) {
    for (; next && isAfter(next, one); next = newer.next().value) list.push(next);
    list.push(one);
  }
  if (next) list.push(next);
  for (const one of newer) list.push(one);
}

/**
 * The positions that follow `after` in a list, the newest first, down to the time `notBefore` (Unix ms). Others can be
 * inserted into the array meanwhile.
 */
export function* iterateNewestFirst(
  oldestFirst: readonly Position[],
  after: Position,
  notBefore: number,
): Generator<Position, void, void> {
  for (let last = after; ; ) {
    const next = oldestFirst[countFollowing(oldestFirst, last) - 1];
    if (!next || next.createdAt < notBefore) return;
    yield next;
    last = next;
  }
}

/** How many positions follow `after` in a list. They are at the start of the array. */
function countFollowing(oldestFirst: readonly Position[], after: Position): number {
  let [from, to] = [0, oldestFirst.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const position = oldestFirst[middle];
    if (position && isAfter(position, after)) from = middle + 1;
    else to = middle;
  }
  return from;
}
