import type { ManifestEntry, RunItem } from '@darkroom/catalogue';
import pMap from 'p-map';
import { addRenders, renderIdOf } from './add-renders.ts';
import { deliverPart, type PartFacts } from './deliver-part.ts';
import type { RunReferences } from './references.ts';
import type { RunContext } from './run-context.ts';

/** A part whose renders are in the queue. Its items stay in the store. */
interface OpenPart {
  items: number;
  /** Renders that have not ended. */
  pending: Set<string>;
  absent: Set<string>;
  impossible: Map<string, string>;
}

/** Renders that are read in one round, so that a round costs the same for any run. */
const MAX_READS = 500;
const PARALLEL = 25;

/** The parts whose renders are in the queue. The store has all of it: this is only what one process remembers. */
export class OpenParts {
  readonly #parts = new Map<number, OpenPart>();
  readonly #context: RunContext;
  readonly #references: RunReferences;
  /** The part that was read last: the next round goes on after it. */
  #lastRead = -1;
  /** Renders that buy nothing more. */
  readonly #stopped = new Set<string>();

  constructor(context: RunContext, references: RunReferences) {
    this.#context = context;
    this.#references = references;
  }

  get count() {
    return this.#parts.size;
  }

  countPending(): number {
    return [...this.#parts.values()].reduce((sum, { pending }) => sum + pending.size, 0);
  }

  /** Items of these parts whose renders have ended, and items that need none. */
  countEnded(): number {
    return [...this.#parts.values()].reduce((sum, { items, pending }) => sum + items - pending.size, 0);
  }

  /** Adds the renders of a part. */
  async add(part: number): Promise<void> {
    const { own, id, job } = this.#context;
    const items = await this.#readItems(part);
    // First: a part without this mark was never added, whatever happens to this process.
    await own.runs.markAdded(id, part, { signal: job.signal });
    await this.#addRenders(items.filter(isBought), this.#open(part, items));
  }

  /** Remembers a part whose renders an earlier process may have added. */
  async reopen(part: number): Promise<void> {
    this.#open(part, await this.#readItems(part));
  }

  /**
   * Reads which renders have ended, of the next parts. A render that is neither in the queue nor in the store was never
   * added, or was lost.
   */
  async readEnds(stop: PartFacts['stop']): Promise<void> {
    let reads = 0;
    for (const part of this.#listFromNext()) {
      const open = this.#parts.get(part);
      if (!open || open.pending.size === 0) continue;
      reads += open.pending.size;
      await this.#readPart(part, open, stop);
      this.#lastRead = part;
      if (reads >= MAX_READS) return;
    }
  }

  /** Makes the pending renders buy nothing more. */
  async stopPurchases(requestedAt: number): Promise<void> {
    const { own, id } = this.#context;
    const ids = [...this.#parts.values()]
      .flatMap(({ pending }) => [...pending])
      .filter((renderId) => !this.#stopped.has(renderId));
    if (ids.length === 0) return;
    await own.renders.stopPurchases(ids, { tenant: id.tenant, requestedAt });
    for (const renderId of ids) this.#stopped.add(renderId);
  }

  /** Writes the results of all parts whose renders have ended. @returns the results */
  async deliverEnded(stop: PartFacts['stop']): Promise<ManifestEntry[][]> {
    const delivered: ManifestEntry[][] = [];
    for (const [part, open] of this.#parts) {
      if (open.pending.size > 0) continue;
      const entries = await writeResults(part, { ...open, stop }, this.#context);
      if (!entries) continue;
      this.#parts.delete(part);
      delivered.push(entries);
    }
    return delivered;
  }

  #open(part: number, items: readonly RunItem[]): OpenPart {
    const ids = items.filter(isBought).map((item) => renderIdOf(this.#context.id, item));
    const open: OpenPart = {
      items: items.length,
      pending: new Set(ids),
      absent: new Set(),
      impossible: new Map(),
    };
    this.#parts.set(part, open);
    return open;
  }

  #readItems(part: number): Promise<RunItem[]> {
    const { own, id, job } = this.#context;
    return own.runs.readPlanPart(id, part, { signal: job.signal });
  }

  #listFromNext(): number[] {
    const parts = [...this.#parts.keys()].sort((a, b) => a - b);
    const next = parts.filter((part) => part > this.#lastRead);
    return [...next, ...parts.filter((part) => part <= this.#lastRead)];
  }

  async #readPart(part: number, open: OpenPart, stop: PartFacts['stop']): Promise<void> {
    const { own, job } = this.#context;
    const absent: string[] = [];
    await pMap(
      [...open.pending],
      async (renderId) => {
        const state = await own.renders.readState(renderId);
        if (state === 'absent') absent.push(renderId);
        else if (state === 'ended') open.pending.delete(renderId);
      },
      { concurrency: PARALLEL, signal: job.signal },
    );
    if (absent.length === 0) return;
    const lost = await own.intake.findLost(absent, job.signal);
    for (const renderId of absent) if (!lost.has(renderId)) open.pending.delete(renderId);
    // A restore adds what the queue has lost.
    if (lost.size === 0 || (await own.isIncomplete())) return;
    const items = (await this.#readItems(part)).filter((item) =>
      lost.has(renderIdOf(this.#context.id, item)),
    );
    await this.#resolveLost(items, open, stop);
  }

  /** Adds what is missing. When nothing more is bought, only what was bought already. */
  async #resolveLost(lost: readonly RunItem[], open: OpenPart, stop: PartFacts['stop']): Promise<void> {
    const { id, infra, job } = this.#context;
    const missing: RunItem[] = [];
    for (const item of lost) {
      const renderId = renderIdOf(id, item);
      const { kind } = stop
        ? await infra.ledger.attemptState(renderId, 1, job.signal)
        : { kind: 'accepted' as const };
      if (kind === 'accepted' || kind === 'claimed') missing.push(item);
      else {
        open.pending.delete(renderId);
        open.absent.add(renderId);
      }
    }
    await this.#addRenders(missing, open);
  }

  async #addRenders(items: readonly RunItem[], open: OpenPart): Promise<void> {
    const impossible = await addRenders(items, this.#context, this.#references);
    for (const [renderId, reason] of impossible) {
      open.impossible.set(renderId, reason);
      open.pending.delete(renderId);
    }
  }
}

const isBought = ({ action }: RunItem) => action === 'buy';

/** Makes and writes the results of a part. @returns `undefined` when a receipt is still missing */
export async function writeResults(
  part: number,
  facts: PartFacts,
  context: RunContext,
): Promise<ManifestEntry[] | undefined> {
  const { own, id, job } = context;
  const { signal } = job;
  const items = await own.runs.readPlanPart(id, part, { signal });
  const entries = await deliverPart(items, facts, context);
  if (entries) await own.runs.writeResults(id, part, entries, { signal });
  return entries;
}
