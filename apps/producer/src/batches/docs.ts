import {
  batchListSchema,
  batchRequestSchema,
  batchResultSchema,
  batchSchema,
  fileListSchema,
  fileSchema,
} from '@darkroom/api';
import { z } from 'zod';
import { idempotencyHeader } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import { batchIdParam, batchListParams, fileIdParam, fileListParams, tenantParams } from './params.ts';

const TAGS = ['Batches'];
const AWAY = ['queue_unavailable', 'store_unavailable'] as const;

export const createDoc = {
  operationId: 'createBatch',
  tags: TAGS,
  summary: 'Create a batch',
  description: [
    'In the format of OpenAI. A worker checks all lines of the file before anything is bought. A line with a problem makes the',
    'batch `failed`, with all problems in `errors`. A repeated call returns the same batch: one with the same',
    '`Idempotency-Key`, or, without a key, with the same file and fields, unless that batch is failed, expired or canceled.',
  ].join(' '),
  requestParams: { header: idempotencyHeader },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: batchRequestSchema,
        example: {
          input_file_id: 'file-0a1b2c3d4e5f60718293a4b5c6d7e8f9',
          endpoint: '/v1/images/generations',
          completion_window: '24h',
        },
      },
    },
  },
  responses: {
    '200': jsonResponse('The batch.', batchSchema),
    ...problemResponses(
      ...JSON_BODY_PROBLEMS,
      'invalid_idempotency_key',
      'file_not_found',
      'batch_conflict',
      ...AWAY,
    ),
  },
};

export const listDoc = {
  operationId: 'listBatches',
  tags: TAGS,
  summary: 'List the batches',
  description: 'The latest first.',
  requestParams: { query: batchListParams },
  responses: {
    '200': jsonResponse('A page of batches.', batchListSchema),
    ...problemResponses('invalid_request', 'batch_not_found', ...AWAY),
  },
};

export const getDoc = {
  operationId: 'getBatch',
  tags: TAGS,
  summary: 'Get a batch',
  description: 'Its counts are those of its run: exact, also after a loss of the queue.',
  requestParams: { path: batchIdParam, query: tenantParams },
  responses: {
    '200': jsonResponse('The batch.', batchSchema),
    ...problemResponses('batch_not_found', 'invalid_request', ...AWAY),
  },
};

export const cancelDoc = {
  operationId: 'cancelBatch',
  tags: TAGS,
  summary: 'Cancel a batch',
  description:
    'When the response arrives, it buys nothing more. Images that are bought are still stored, and are in the output.',
  requestParams: { path: batchIdParam, query: tenantParams },
  responses: {
    '200': jsonResponse('The batch.', batchSchema),
    ...problemResponses('batch_not_found', 'batch_ended', 'invalid_request', ...AWAY),
  },
};

const linesResponse = (description: string) => ({
  description,
  content: { 'application/x-ndjson': { schema: batchResultSchema } },
});

export const outputDocs = {
  output: {
    operationId: 'getBatchOutput',
    tags: TAGS,
    summary: 'Stream the results of a batch',
    description:
      'One line for each image, in the order of the input file, at any time: also while the batch goes on, and after a cancel. The links are fresh, and work for a day.',
    requestParams: { path: batchIdParam, query: tenantParams },
    responses: {
      '200': linesResponse('The results.'),
      ...problemResponses('batch_not_found', 'invalid_request', ...AWAY),
    },
  },
  errors: {
    operationId: 'getBatchErrors',
    tags: TAGS,
    summary: 'Stream the lines of a batch without an image',
    description:
      'One line for each render that failed or was canceled. After the end, also one for each line that was not bought.',
    requestParams: { path: batchIdParam, query: tenantParams },
    responses: {
      '200': linesResponse('The lines without an image.'),
      ...problemResponses('batch_not_found', 'invalid_request', ...AWAY),
    },
  },
};

export const uploadDoc = {
  operationId: 'uploadBatchFile',
  tags: TAGS,
  summary: 'Upload the file of a batch',
  description: 'At most 200 MB: one request per line, as JSON with `custom_id`, `method`, `url` and `body`.',
  requestBody: {
    required: true,
    content: {
      'multipart/form-data': {
        schema: z.object({
          file: z.string().meta({ override: { type: 'string', format: 'binary' } }),
          purpose: z.literal('batch'),
        }),
      },
    },
  },
  responses: {
    '200': jsonResponse('The file.', fileSchema),
    ...problemResponses('body_too_large', 'unsupported_media_type', 'invalid_request', 'store_unavailable'),
  },
};

export const listFilesDoc = {
  operationId: 'listBatchFiles',
  tags: TAGS,
  summary: 'List the files',
  description: 'The latest first.',
  requestParams: { query: fileListParams },
  responses: {
    '200': jsonResponse('A page of files.', fileListSchema),
    ...problemResponses('invalid_request', 'file_not_found', 'store_unavailable'),
  },
};

export const getFileDoc = {
  operationId: 'getBatchFile',
  tags: TAGS,
  summary: 'Get a file',
  description: 'The `bytes` of a file of results are 0: its lines are made when they are read.',
  requestParams: { path: fileIdParam, query: tenantParams },
  responses: {
    '200': jsonResponse('The file.', fileSchema),
    ...problemResponses('file_not_found', 'invalid_request', 'store_unavailable'),
  },
};

export const getContentDoc = {
  operationId: 'getBatchFileContent',
  tags: TAGS,
  summary: 'Download a file',
  description: 'An uploaded file as it was uploaded. A file of results with fresh links.',
  requestParams: { path: fileIdParam, query: tenantParams },
  responses: {
    '200': {
      description: 'The content.',
      content: {
        'application/x-ndjson': { schema: batchResultSchema },
        'application/octet-stream': {
          schema: z.string().meta({ override: { type: 'string', format: 'binary' } }),
        },
      },
    },
    ...problemResponses('file_not_found', 'batch_not_found', 'invalid_request', ...AWAY),
  },
};

export const deleteFileDoc = {
  operationId: 'deleteBatchFile',
  tags: TAGS,
  summary: 'Delete a file',
  description: 'A batch that has checked its lines does not need its file any more.',
  requestParams: { path: fileIdParam, query: tenantParams },
  responses: {
    '200': jsonResponse(
      'The file is deleted.',
      z
        .strictObject({ id: z.string(), object: z.literal('file'), deleted: z.literal(true) })
        .meta({ id: 'DeletedBatchFile' }),
    ),
    ...problemResponses('file_not_found', 'invalid_request', 'store_unavailable'),
  },
};
