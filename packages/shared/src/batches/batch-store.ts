import type { z } from 'zod';
import type { ObjectStore } from '../object-store/index.ts';
import type { PersistedKind } from '../render/index.ts';
import {
  formatRecord,
  getLines,
  JSON_TYPE,
  listKeys,
  type StoreOptions as Options,
  putLines,
  readRecord,
  toSignal,
} from '../stored-records.ts';
import {
  batchKey,
  batchListKey,
  batchListPrefix,
  numberName,
  OPEN_BATCHES_PREFIX,
  openBatchKey,
  readListedId,
} from './batch-keys.ts';
import { type BatchLine, batchLineSchema } from './check-line.ts';
import {
  type BatchCancel,
  type BatchCheck,
  type BatchEnd,
  type BatchRecord,
  type BatchRef,
  batchCancelSchema,
  batchCheckSchema,
  batchEndSchema,
  batchRecordSchema,
} from './records.ts';

/** The records of batches in the object store. Every method throws {@link StoreError}. */
export class BatchStore {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** @returns false when a batch with this id exists */
  async create(batch: BatchRecord, options?: Options): Promise<boolean> {
    // First: a batch that no list names would be lost with the queue.
    await this.#putEmpty(openBatchKey(batch), options);
    await this.#putEmpty(batchListKey(batch), options);
    return await this.#putIfAbsent(batch, 'batch.json', batch, options);
  }

  read(batch: BatchRef, options?: Options): Promise<BatchRecord | undefined> {
    return this.#read(batch, 'batch.json', { kind: 'batch', schema: batchRecordSchema }, options);
  }

  async writePart(batch: BatchRef, part: number, lines: readonly BatchLine[], options?: Options) {
    await putLines(this.#store, partKey(batch, part), lines, options);
  }

  async readPart(batch: BatchRef, part: number, options?: Options): Promise<BatchLine[]> {
    const lines = await getLines(this.#store, partKey(batch, part), options);
    if (!lines) throw new Error(`part ${part} of the batch ${batch.id} is missing in the store`);
    return lines.map((line) => batchLineSchema.parse(line));
  }

  /** The first check stays: workers with other settings may find other problems. @returns the one that stays */
  async writeCheck(batch: BatchRef, check: BatchCheck, options?: Options): Promise<BatchCheck> {
    if (await this.#putIfAbsent(batch, 'check.json', check, options)) return check;
    return (await this.readCheck(batch, options)) ?? check;
  }

  readCheck(batch: BatchRef, options?: Options): Promise<BatchCheck | undefined> {
    return this.#read(batch, 'check.json', { kind: 'batch-check', schema: batchCheckSchema }, options);
  }

  /** The renders of this part may be in the queue. @returns false when this was marked before */
  async markAdded(batch: BatchRef, part: number, { signal }: Options = {}): Promise<boolean> {
    const key = batchKey(batch, `added/${numberName(part)}`);
    return await this.#store.putIfAbsent(key, '1', {
      contentType: 'text/plain',
      ...(signal ? { signal } : {}),
    });
  }

  /** How many parts were marked. They are marked in their order. */
  async countAdded(batch: BatchRef, options?: Options): Promise<number> {
    let marked = 0;
    for await (const _ of listKeys(this.#store, { prefix: batchKey(batch, 'added/') }, options)) marked += 1;
    return marked;
  }

  /** @returns false when it was canceled before */
  writeCancel(batch: BatchRef, cancel: BatchCancel, options?: Options): Promise<boolean> {
    return this.#putIfAbsent(batch, 'cancel.json', cancel, options);
  }

  readCancel(batch: BatchRef, options?: Options): Promise<BatchCancel | undefined> {
    return this.#read(batch, 'cancel.json', { kind: 'batch-cancel', schema: batchCancelSchema }, options);
  }

  /** The first end stays. */
  async writeEnd(batch: BatchRef, end: BatchEnd, options?: Options): Promise<void> {
    await this.#putIfAbsent(batch, 'end.json', end, options);
  }

  readEnd(batch: BatchRef, options?: Options): Promise<BatchEnd | undefined> {
    return this.#read(batch, 'end.json', { kind: 'batch-end', schema: batchEndSchema }, options);
  }

  async removeOpen(batch: BatchRef, options?: Options): Promise<void> {
    await this.#store.delete(openBatchKey(batch), toSignal(options));
  }

  /** All batches that have not ended. */
  async *listOpen(options?: Options): AsyncGenerator<BatchRef> {
    for await (const key of listKeys(this.#store, { prefix: OPEN_BATCHES_PREFIX }, options)) {
      const [tenant, id] = key.slice(OPEN_BATCHES_PREFIX.length).split('/');
      if (tenant && id) yield { tenant, id };
    }
  }

  /** The batches of a tenant, the latest first. @param after lists only those after this one */
  async *list(
    tenant: string,
    after: BatchRecord | undefined,
    options?: Options,
  ): AsyncGenerator<BatchRecord> {
    const prefix = batchListPrefix(tenant);
    const from = after ? { after: batchListKey(after) } : {};
    for await (const key of listKeys(this.#store, { prefix, ...from }, options)) {
      const batch = await this.read({ tenant, id: readListedId(key) }, options);
      // Two calls with one idempotency key may both list the batch, each with its own time.
      if (batch && batchListKey(batch) === key) yield batch;
    }
  }

  #read<S extends z.ZodObject>(
    batch: BatchRef,
    name: string,
    record: { kind: PersistedKind; schema: S },
    options?: Options,
  ): Promise<z.output<S> | undefined> {
    return readRecord(this.#store, batchKey(batch, name), record, options);
  }

  #putIfAbsent(batch: BatchRef, name: string, value: object, options?: Options): Promise<boolean> {
    return this.#store.putIfAbsent(batchKey(batch, name), formatRecord(value), {
      contentType: JSON_TYPE,
      ...toSignal(options),
    });
  }

  async #putEmpty(key: string, options?: Options): Promise<void> {
    await this.#store.put(key, '', { contentType: 'text/plain', ...toSignal(options) });
  }
}

const partKey = (batch: BatchRef, part: number) => batchKey(batch, `lines/${numberName(part)}.jsonl.zst`);
