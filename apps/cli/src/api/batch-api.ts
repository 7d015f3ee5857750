import { randomUUID } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import type {
  BatchListResponse,
  BatchRequest,
  BatchResponse,
  BatchResult,
  FileResponse,
} from '@darkroom/api';
import { buildQuery, collectPages, type Send } from './send.ts';

/** Which batch: its tenant is needed only with a key of an operator of all tenants. */
export interface NamedBatch {
  id: string;
  tenant: string | undefined;
}

/** Batches and their files. */
export interface BatchApi {
  /** Uploads the file of a batch. */
  uploadBatchFile(path: string): Promise<FileResponse>;
  /** @param key the same key always names the same batch */
  createBatch(batch: BatchRequest, key: string | undefined): Promise<BatchResponse>;
  listBatches(tenant: string | undefined, limit: number): Promise<BatchResponse[]>;
  getBatch(batch: NamedBatch): Promise<BatchResponse>;
  cancelBatch(batch: NamedBatch): Promise<BatchResponse>;
  /** The lines of results, as they arrive. */
  readBatchResults(batch: NamedBatch, part: 'output' | 'errors'): AsyncGenerator<BatchResult, void, void>;
}

/** Sends a POST with a body and headers of its own. */
export type Post = <T>(request: {
  path: string;
  headers: Record<string, string>;
  body: string | Blob;
  repeatable: boolean;
  timeoutMs?: number;
}) => Promise<T>;

const PAGE = 100;
/** For a file of 200 MB at about 250 KB per second. */
const UPLOAD_MS = 15 * 60_000;

/** @param readLines the lines of a response that is too large to be in memory */
export function openBatchApi(
  send: Send,
  post: Post,
  readLines: (path: string) => AsyncGenerator<string>,
): BatchApi {
  const pathOf = ({ id, tenant }: NamedBatch, action = '') =>
    `v1/batches/${encodeURIComponent(id)}${action}${buildQuery({ tenant })}`;
  return {
    uploadBatchFile: async (path) => {
      const { type, body } = await createForm(path);
      const headers = { 'content-type': type };
      return await post({ path: 'v1/files', headers, body, repeatable: true, timeoutMs: UPLOAD_MS });
    },
    createBatch: (batch, key) =>
      post({
        path: 'v1/batches',
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': encodeURIComponent(key) }),
        },
        body: JSON.stringify(batch),
        repeatable: key !== undefined,
      }),
    listBatches: (tenant, limit) =>
      collectPages(limit, async (after) => {
        const query = buildQuery({ tenant, limit: Math.min(limit, PAGE), after });
        const page = await send<BatchListResponse>('GET', `v1/batches${query}`);
        return { data: page.data, next_cursor: page.has_more ? page.last_id : null };
      }),
    getBatch: (batch) => send('GET', pathOf(batch)),
    cancelBatch: (batch) => send('POST', pathOf(batch, '/cancel')),
    async *readBatchResults(batch, part) {
      for await (const line of readLines(pathOf(batch, `/${part}`))) yield JSON.parse(line) as BatchResult;
    },
  };
}

/** A form with the file, which is read while it is sent. */
async function createForm(path: string): Promise<{ type: string; body: Blob }> {
  const boundary = `darkroom-${randomUUID()}`;
  const filename = basename(path).replaceAll(/["\r\n]/g, '_');
  const head = [
    `--${boundary}`,
    'content-disposition: form-data; name="purpose"',
    '',
    'batch',
    `--${boundary}`,
    `content-disposition: form-data; name="file"; filename="${filename}"`,
    'content-type: application/jsonl',
    '',
    '',
  ];
  const body = new Blob([head.join('\r\n'), await openAsBlob(path), `\r\n--${boundary}--\r\n`]);
  return { type: `multipart/form-data; boundary=${boundary}`, body };
}
