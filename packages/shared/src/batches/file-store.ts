import { createHash } from 'node:crypto';
import { type ObjectStore, StoreError } from '../object-store/index.ts';
import {
  formatRecord,
  JSON_TYPE,
  listKeys,
  type StoreOptions as Options,
  readRecord,
  toSignal,
} from '../stored-records.ts';
import { fileKey, fileListKey, fileListPrefix, numberName, readListedId } from './batch-keys.ts';
import { type BatchRef, type FileRecord, fileRecordSchema } from './records.ts';

/** Bytes of one object of an uploaded file. One of them is in memory. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** The files of tenants in the object store. Every method throws {@link StoreError}. */
export class FileStore {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /**
   * Stores the bytes of a file as they arrive, so its size need not be known. The file exists when its record is written.
   *
   * @returns what the record says about them
   */
  async writeContent(
    file: BatchRef,
    content: AsyncIterable<Uint8Array>,
    options?: Options,
  ): Promise<{ bytes: number; chunks: number; sha256: string }> {
    const digest = createHash('sha256');
    let [bytes, chunks, held] = [0, 0, 0];
    let parts: Uint8Array[] = [];
    const flush = async () => {
      if (held === 0) return;
      const body = Buffer.concat(parts);
      [parts, held] = [[], 0];
      await this.#store.put(chunkKey(file, chunks), body, {
        contentType: 'application/octet-stream',
        ...toSignal(options),
      });
      chunks += 1;
    };
    try {
      for await (const part of content) {
        digest.update(part);
        bytes += part.length;
        held += part.length;
        parts.push(part);
        if (held >= CHUNK_BYTES) await flush();
      }
      await flush();
    } catch (error) {
      await this.#deleteChunks(file, chunks + 1).catch(() => undefined);
      throw error;
    }
    return { bytes, chunks, sha256: digest.digest('hex') };
  }

  /** Deletes the bytes of a file that has no record. */
  async discardContent(file: BatchRef, chunks: number): Promise<void> {
    await this.#deleteChunks(file, chunks);
  }

  /** Writing the same record again changes nothing. */
  async writeRecord(file: FileRecord, options?: Options): Promise<void> {
    await this.#store.put(fileListKey(file), '', { contentType: 'text/plain', ...toSignal(options) });
    await this.#store.putIfAbsent(fileKey(file, 'file.json'), formatRecord(file), {
      contentType: JSON_TYPE,
      ...toSignal(options),
    });
  }

  read(file: BatchRef, options?: Options): Promise<FileRecord | undefined> {
    const key = fileKey(file, 'file.json');
    return readRecord(this.#store, key, { kind: 'file', schema: fileRecordSchema }, options);
  }

  /** The bytes of an uploaded file. */
  async *readContent(file: FileRecord, options?: Options): AsyncGenerator<Buffer> {
    const chunks = 'chunks' in file.content ? file.content.chunks : 0;
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      const opened = await this.#store.getStream(chunkKey(file, chunk), toSignal(options));
      if (!opened) throw new StoreError('internal', `chunk ${chunk} of the file ${file.id} is missing`);
      for await (const bytes of opened.stream as AsyncIterable<Buffer>) yield bytes;
    }
  }

  /** Deletes an uploaded file. Its record goes first: a file without all of its bytes must not be found. */
  async delete(file: FileRecord, options?: Options): Promise<void> {
    await this.#store.delete(fileKey(file, 'file.json'), toSignal(options));
    await this.#store.delete(fileListKey(file), toSignal(options));
    if ('chunks' in file.content) await this.#deleteChunks(file, file.content.chunks);
  }

  /** The files of a tenant, the latest first. @param after lists only those after this one */
  async *list(tenant: string, after: FileRecord | undefined, options?: Options): AsyncGenerator<FileRecord> {
    const prefix = fileListPrefix(tenant);
    const from = after ? { after: fileListKey(after) } : {};
    for await (const key of listKeys(this.#store, { prefix, ...from }, options)) {
      const file = await this.read({ tenant, id: readListedId(key) }, options);
      if (file && fileListKey(file) === key) yield file;
    }
  }

  async #deleteChunks(file: BatchRef, chunks: number): Promise<void> {
    for (let chunk = 0; chunk < chunks; chunk += 1) await this.#store.delete(chunkKey(file, chunk));
  }
}

const chunkKey = (file: BatchRef, chunk: number) => fileKey(file, `chunks/${numberName(chunk)}`);
