import {
  CATALOGUE_NAME,
  CATALOGUE_RUN,
  catalogueCancelSchema,
  catalogueFailuresSchema,
  catalogueFileSchema,
  catalogueListSchema,
  catalogueRetrySchema,
  catalogueRunListSchema,
  catalogueRunRequestSchema,
  catalogueRunSchema,
  catalogueScheduleRequestSchema,
  catalogueScheduleSchema,
  DIGEST,
  TENANT,
} from '@darkroom/api';
import { z } from 'zod';
import { wholeNumber } from '../http/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';

export const tenantParams = z.object({
  tenant: z
    .string()
    .regex(TENANT, { error: 'expected the name of a tenant' })
    .optional()
    .meta({ description: 'For keys of all tenants: the tenant of the catalogue; `default` without it.' }),
});

export const runsParams = z.object({
  ...tenantParams.shape,
  limit: wholeNumber(1, 100).optional().meta({ description: 'Maximum number in a page; 20 by default.' }),
  cursor: z
    .string()
    .regex(CATALOGUE_RUN, { error: 'expected the next_cursor of an earlier page' })
    .optional()
    .meta({ description: '`next_cursor` of the previous page.' }),
});

const name = z.string().regex(CATALOGUE_NAME).meta({ example: 'shoes' });
const namePath = z.object({ name });
const runPath = z.object({ name, run: z.string().regex(CATALOGUE_RUN).meta({ example: '2026-11-27' }) });
const filePath = z.object({
  name,
  sha256: z.string().regex(DIGEST).meta({
    example: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  }),
});

const TAGS = ['Catalogues'];

export const listDoc = {
  operationId: 'listCatalogues',
  tags: TAGS,
  summary: 'List the catalogues',
  description: 'Of one tenant. A catalogue is listed from its first run on.',
  requestParams: { query: tenantParams },
  responses: {
    '200': jsonResponse('All catalogues of the tenant.', catalogueListSchema),
    ...problemResponses('invalid_request', 'store_unavailable'),
  },
};

export const startDoc = {
  operationId: 'startCatalogueRun',
  tags: TAGS,
  summary: 'Start a run of a catalogue',
  description: [
    'A worker reads the source, compares it with the last good run, buys what is new or changed, and writes the manifest.',
    'The name of the run is derived from the date, so a second start on the same day is the same run. A guard or a problem',
    'stops it before it spends.',
  ].join(' '),
  requestParams: { path: namePath },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: catalogueRunRequestSchema,
        example: {
          file: 'name: shoes\nsource: { path: https://shop.example.com/products.csv }\nkey: sku\nprompt: A photo of {{ name }}\n',
          accept: ['many_changes'],
        },
      },
    },
  },
  responses: {
    '202': jsonResponse('The run. A worker executes it.', catalogueRunSchema, {
      headers: { Location: { description: 'The run.', schema: { type: 'string', format: 'uri' } } },
    }),
    ...problemResponses(
      ...JSON_BODY_PROBLEMS,
      'catalogue_file_not_found',
      'catalogue_run_exists',
      'catalogue_run_not_found',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};

export const listRunsDoc = {
  operationId: 'listCatalogueRuns',
  tags: TAGS,
  summary: 'List the runs of a catalogue',
  description: 'In descending order of their names: the latest date is first.',
  requestParams: { path: namePath, query: runsParams },
  responses: {
    '200': jsonResponse('A page of runs.', catalogueRunListSchema),
    ...problemResponses(
      'invalid_request',
      'catalogue_run_not_found',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};

export const getDoc = {
  operationId: 'getCatalogueRun',
  tags: TAGS,
  summary: 'Get a run of a catalogue',
  requestParams: { path: runPath, query: tenantParams },
  responses: {
    '200': jsonResponse('The run.', catalogueRunSchema),
    ...problemResponses(
      'invalid_request',
      'catalogue_run_not_found',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};

export const cancelDoc = {
  operationId: 'cancelCatalogueRun',
  tags: TAGS,
  summary: 'Cancel a run of a catalogue',
  description:
    'It buys nothing more. What was bought is still stored and delivered, and the manifest lists the rest. Canceling again changes nothing.',
  requestParams: { path: runPath, query: tenantParams },
  requestBody: {
    content: {
      'application/json': { schema: catalogueCancelSchema, example: { reason: 'the prices are wrong' } },
    },
  },
  responses: {
    '202': jsonResponse('The run.', catalogueRunSchema),
    ...problemResponses(
      'catalogue_run_not_found',
      'catalogue_run_ended',
      ...JSON_BODY_PROBLEMS.filter((code) => code !== 'empty_body'),
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};

export const failuresDoc = {
  operationId: 'getCatalogueFailures',
  tags: TAGS,
  summary: 'Get what a run has not delivered, by error, with the price of buying it again',
  requestParams: { path: runPath, query: tenantParams },
  responses: {
    '200': jsonResponse('The errors.', catalogueFailuresSchema),
    ...problemResponses(
      'invalid_request',
      'catalogue_run_not_found',
      'catalogue_retry_refused',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};

export const retryDoc = {
  operationId: 'retryCatalogueRun',
  tags: TAGS,
  summary: 'Buy again what a run has not delivered',
  description: [
    'A new run, which reads no source: all other items stay as they are. It is delivered like any other run. Its name is derived,',
    'so a second call is the same run. Only the last run that has delivered can be retried.',
  ].join(' '),
  requestParams: { path: runPath, query: tenantParams },
  requestBody: {
    content: {
      'application/json': {
        schema: catalogueRetrySchema,
        example: { codes: ['generation_failed'], price: '0.050' },
      },
    },
  },
  responses: {
    '202': jsonResponse('The new run.', catalogueRunSchema),
    ...problemResponses(
      'catalogue_run_not_found',
      'catalogue_retry_refused',
      ...JSON_BODY_PROBLEMS.filter((code) => code !== 'empty_body'),
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};

export const getFileDoc = {
  operationId: 'getCatalogueFile',
  tags: TAGS,
  summary: 'Find out whether a file was uploaded',
  requestParams: { path: filePath },
  responses: {
    '200': jsonResponse('The file was uploaded.', catalogueFileSchema),
    ...problemResponses(
      'invalid_request',
      'catalogue_file_not_found',
      'catalogue_run_not_found',
      'store_unavailable',
    ),
  },
};

export const putFileDoc = {
  operationId: 'putCatalogueFile',
  tags: TAGS,
  summary: 'Upload a source, a reference image, or the list of files',
  description:
    'For a catalogue whose source or reference images are files of the caller. The path has the SHA-256 of the body, so sending a file again changes nothing. At most 1 GB, with `Content-Length`.',
  requestParams: { path: filePath },
  requestBody: {
    required: true,
    content: {
      'application/octet-stream': {
        schema: z.string().meta({ override: { type: 'string', format: 'binary' } }),
      },
    },
  },
  responses: {
    '200': jsonResponse('The file is stored.', catalogueFileSchema),
    ...problemResponses(
      'invalid_request',
      'body_too_large',
      'catalogue_file_not_found',
      'catalogue_run_not_found',
      'store_unavailable',
    ),
  },
};

export const getScheduleDoc = {
  operationId: 'getCatalogueSchedule',
  tags: TAGS,
  summary: 'Get the schedule of a catalogue',
  description: 'With its next night, its last one, and its open alarms.',
  requestParams: { path: namePath, query: tenantParams },
  responses: {
    '200': jsonResponse('The schedule.', catalogueScheduleSchema),
    ...problemResponses(
      'invalid_request',
      'catalogue_schedule_not_found',
      'catalogue_run_not_found',
      'store_unavailable',
    ),
  },
};

export const putScheduleDoc = {
  operationId: 'putCatalogueSchedule',
  tags: TAGS,
  summary: 'Schedule a catalogue',
  description:
    'A worker starts one run per local date. Scheduling again replaces the file. The source must be an https or s3 URL.',
  requestParams: { path: namePath },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: catalogueScheduleRequestSchema,
        example: {
          file: [
            'name: shoes',
            'source: { path: https://shop.example.com/products.csv }',
            'key: sku',
            'prompt: A photo of {{ sku }}',
            'schedule: { cron: 0 1 * * *, time_zone: Europe/Berlin }',
            'deadline: 06:00',
            '',
          ].join('\n'),
        },
      },
    },
  },
  responses: {
    '200': jsonResponse('The schedule.', catalogueScheduleSchema),
    ...problemResponses(...JSON_BODY_PROBLEMS, 'catalogue_run_not_found', 'store_unavailable'),
  },
};

export const deleteScheduleDoc = {
  operationId: 'deleteCatalogueSchedule',
  tags: TAGS,
  summary: 'End the schedule of a catalogue',
  description: 'No further night begins. A run that has begun goes on.',
  requestParams: { path: namePath, query: tenantParams },
  responses: {
    '200': jsonResponse('The schedule that has ended.', catalogueScheduleSchema),
    ...problemResponses(
      'invalid_request',
      'catalogue_schedule_not_found',
      'catalogue_run_not_found',
      'store_unavailable',
    ),
  },
};
