import type { ObjectStore } from '@darkroom/shared/object-store';
import {
  formatRecord,
  getLines,
  JSON_TYPE,
  listKeys,
  type StoreOptions as Options,
  putLines,
  readRecord,
  toSignal,
} from '@darkroom/shared/stored-records';
import {
  cataloguePrefix,
  type LatestRun,
  latestRunKey,
  latestRunSchema,
  type ManifestEntry,
  manifestEntrySchema,
  runsPrefix,
} from '../manifest/index.ts';
import {
  lockSchema,
  planItemSchema,
  type RunControl,
  type RunId,
  type RunItem,
  type RunPlan,
  type RunRequest,
  type RunSummary,
  runBegunSchema,
  runControlSchema,
  runPlanSchema,
  runRequestSchema,
  runSummarySchema,
} from './records.ts';
import {
  lockKey,
  locksPrefix,
  OPEN_RUNS_PREFIX,
  openRunKey,
  openRunsPrefix,
  partName,
  readLockNumber,
  readOpenRunKey,
  runKey,
} from './run-keys.ts';

/** The records of runs in the object store. Every method throws {@link StoreError}. */
export class CatalogueRunStore {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** Writes a request for a run. @returns false when the run exists already */
  async writeRequest(request: RunRequest, options?: Options): Promise<boolean> {
    // First: a run that no list names would be lost with the queue.
    await this.#store.put(openRunKey(request), '', { contentType: 'text/plain', ...toSignal(options) });
    return this.#store.putIfAbsent(runKey(request, 'request.json'), formatRecord(request), {
      contentType: JSON_TYPE,
      ...toSignal(options),
    });
  }

  readRequest(id: RunId, options?: Options): Promise<RunRequest | undefined> {
    return readRecord(
      this.#store,
      runKey(id, 'request.json'),
      { kind: 'catalogue-request', schema: runRequestSchema },
      options,
    );
  }

  /** Records that a worker has begun the run. The first time stays. */
  async markBegun(id: RunId, at: number, options?: Options) {
    await this.#store.putIfAbsent(runKey(id, 'begun.json'), formatRecord({ at }), {
      contentType: JSON_TYPE,
      ...toSignal(options),
    });
  }

  /** When a worker began the run, in Unix milliseconds. */
  async readBegun(id: RunId, options?: Options): Promise<number | undefined> {
    return (
      await readRecord(
        this.#store,
        runKey(id, 'begun.json'),
        { kind: 'catalogue-begun', schema: runBegunSchema },
        options,
      )
    )?.at;
  }

  /** The last lock of a catalogue. `number` is 0 before the first one. */
  async readLock(
    { tenant, catalogue }: Pick<RunId, 'tenant' | 'catalogue'>,
    options?: Options,
  ): Promise<{ number: number; run: string | undefined }> {
    const page = { prefix: locksPrefix(tenant, catalogue), limit: 1 };
    const [last] = (await this.#store.list({ ...page, ...toSignal(options) })).objects;
    if (!last) return { number: 0, run: undefined };
    const lock = { kind: 'catalogue-lock' as const, schema: lockSchema };
    const run = (await readRecord(this.#store, last.key, lock, options))?.run;
    return { number: readLockNumber(last.key), run };
  }

  /** Writes a lock, unless it exists. {@link readLock} says who wrote it. */
  async writeLock(id: RunId, { number, at }: { number: number; at: number }, options?: Options) {
    await this.#store.putIfAbsent(lockKey(id, number), formatRecord({ run: id.run, at }), {
      contentType: JSON_TYPE,
      ...toSignal(options),
    });
  }

  async writePlanPart(id: RunId, part: number, items: readonly RunItem[], options?: Options) {
    await putLines(this.#store, runKey(id, `plan/${partName(part)}.jsonl.zst`), items, options);
  }

  async readPlanPart(id: RunId, part: number, options?: Options): Promise<RunItem[]> {
    const lines = await getLines(this.#store, runKey(id, `plan/${partName(part)}.jsonl.zst`), options);
    if (!lines) throw new Error(`part ${part} of the plan of the run ${id.run} is missing in the store`);
    return lines.map((line) => planItemSchema.parse(line));
  }

  async writePlan(id: RunId, plan: RunPlan, options?: Options) {
    await this.#put(runKey(id, 'plan.json'), plan, options);
  }

  readPlan(id: RunId, options?: Options): Promise<RunPlan | undefined> {
    return readRecord(
      this.#store,
      runKey(id, 'plan.json'),
      { kind: 'catalogue-plan', schema: runPlanSchema },
      options,
    );
  }

  /** Records that the renders of a part are about to be added to the queue. */
  async markAdded(id: RunId, part: number, options?: Options) {
    const key = runKey(id, `added/${partName(part)}`);
    await this.#store.put(key, '', { contentType: 'text/plain', ...toSignal(options) });
  }

  /** The parts whose renders may be in the queue. */
  listAdded(id: RunId, options?: Options): Promise<Set<number>> {
    return this.#listParts(runKey(id, 'added/'), options);
  }

  /** Writes the results of a part. */
  async writeResults(id: RunId, part: number, entries: readonly ManifestEntry[], options?: Options) {
    await putLines(this.#store, runKey(id, `results/${partName(part)}.jsonl.zst`), entries, options);
  }

  async readResults(id: RunId, part: number, options?: Options): Promise<ManifestEntry[]> {
    const lines = await getLines(this.#store, runKey(id, `results/${partName(part)}.jsonl.zst`), options);
    if (!lines) throw new Error(`part ${part} of the results of the run ${id.run} is missing in the store`);
    return lines.map((line) => manifestEntrySchema.parse(line));
  }

  /** The parts that have results. */
  listResults(id: RunId, options?: Options): Promise<Set<number>> {
    return this.#listParts(runKey(id, 'results/'), options);
  }

  async writeControl(id: RunId, control: RunControl, options?: Options) {
    await this.#put(runKey(id, 'control.json'), control, options);
  }

  readControl(id: RunId, options?: Options): Promise<RunControl | undefined> {
    return readRecord(
      this.#store,
      runKey(id, 'control.json'),
      { kind: 'catalogue-control', schema: runControlSchema },
      options,
    );
  }

  async writeSummary(id: RunId, summary: RunSummary, options?: Options) {
    await this.#put(runKey(id, 'summary.json'), summary, options);
  }

  readSummary(id: RunId, options?: Options): Promise<RunSummary | undefined> {
    return readRecord(
      this.#store,
      runKey(id, 'summary.json'),
      { kind: 'catalogue-summary', schema: runSummarySchema },
      options,
    );
  }

  /** Replaces the last good run, with one atomic write. */
  async writeLatest(tenant: string, latest: LatestRun, options?: Options) {
    await this.#store.put(latestRunKey(tenant, latest.catalogue), JSON.stringify(latest), {
      contentType: JSON_TYPE,
      ...toSignal(options),
    });
  }

  async readLatest(tenant: string, catalogue: string, options?: Options): Promise<LatestRun | undefined> {
    const bytes = await this.#store.get(latestRunKey(tenant, catalogue), toSignal(options));
    return bytes && latestRunSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  }

  /** After the end of a run. */
  async removeOpen(id: RunId, options?: Options) {
    await this.#store.delete(openRunKey(id), toSignal(options));
  }

  /** The runs that have not ended: of all catalogues, or of one. */
  async *listOpen(of?: Pick<RunId, 'tenant' | 'catalogue'>, options?: Options): AsyncGenerator<RunId> {
    const prefix = of ? openRunsPrefix(of.tenant, of.catalogue) : OPEN_RUNS_PREFIX;
    for await (const key of listKeys(this.#store, { prefix }, options)) {
      const id = readOpenRunKey(key);
      if (id) yield id;
    }
  }

  /** The names of the catalogues of a tenant, in ascending order. */
  listCatalogues(tenant: string, options?: Options): Promise<string[]> {
    return this.#store.listFolders({ prefix: `catalogues/${tenant}/`, ...toSignal(options) });
  }

  /** The runs of a catalogue, in ascending order. */
  listRuns(tenant: string, catalogue: string, options?: Options): Promise<string[]> {
    return this.#store.listFolders({ prefix: runsPrefix(tenant, catalogue), ...toSignal(options) });
  }

  /** Whether anything of this catalogue is in the store. */
  async hasCatalogue(tenant: string, catalogue: string, options?: Options): Promise<boolean> {
    const prefix = cataloguePrefix(tenant, catalogue);
    return (await this.#store.list({ prefix, limit: 1, ...toSignal(options) })).objects.length > 0;
  }

  async #listParts(prefix: string, options?: Options): Promise<Set<number>> {
    const parts = new Set<number>();
    for await (const key of listKeys(this.#store, { prefix }, options))
      parts.add(Number.parseInt(key.slice(prefix.length), 10));
    return parts;
  }

  async #put(key: string, value: object, options?: Options): Promise<void> {
    await this.#store.put(key, formatRecord(value), { contentType: JSON_TYPE, ...toSignal(options) });
  }
}
