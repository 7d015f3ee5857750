import type {
  BatchListResponse,
  BatchResponse,
  BatchResult,
  FileListResponse,
  FileResponse,
} from '@darkroom/api';

const base = 'http://127.0.0.1:3000/v1';
const batchId = 'batch_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7';
const fileId = 'file-0a1b2c3d4e5f60718293a4b5c6d7e8f9';
const renderId = 'rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7';

const batch: BatchResponse = {
  id: batchId,
  object: 'batch',
  endpoint: '/v1/images/generations',
  errors: null,
  input_file_id: fileId,
  completion_window: '24h',
  status: 'in_progress',
  output_file_id: null,
  error_file_id: null,
  created_at: 1795363245,
  in_progress_at: 1795363247,
  expires_at: 1795449645,
  finalizing_at: null,
  completed_at: null,
  failed_at: null,
  expired_at: null,
  cancelling_at: null,
  cancelled_at: null,
  request_counts: { total: 2000, completed: 1194, failed: 3 },
  metadata: { shop: 'berlin' },
  run: batchId,
  links: {
    self: `${base}/batches/${batchId}`,
    output: `${base}/batches/${batchId}/output`,
    errors: `${base}/batches/${batchId}/errors`,
  },
};

const file: FileResponse = {
  id: fileId,
  object: 'file',
  bytes: 412_034,
  created_at: 1795363240,
  expires_at: null,
  filename: 'autumn.jsonl',
  purpose: 'batch',
  status: 'processed',
  status_details: null,
};

const result: BatchResult = {
  id: 'batch_req_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7',
  custom_id: 'sku-1042-front',
  render_id: renderId,
  response: {
    status_code: 200,
    request_id: 'batch_req_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7',
    body: {
      id: renderId,
      created: 1795363302,
      data: [{ url: `${base}/renders/${renderId}/image?signature=` }],
    },
  },
  error: null,
};

/** By the id of the component. */
export const BATCH_EXAMPLES: Record<string, unknown> = {
  Batch: batch,
  BatchList: {
    object: 'list',
    data: [batch],
    first_id: batchId,
    last_id: batchId,
    has_more: false,
  } satisfies BatchListResponse,
  BatchFile: file,
  BatchFileList: {
    object: 'list',
    data: [file],
    first_id: fileId,
    last_id: fileId,
    has_more: false,
  } satisfies FileListResponse,
  BatchResult: result,
  DeletedBatchFile: { id: fileId, object: 'file', deleted: true },
};
