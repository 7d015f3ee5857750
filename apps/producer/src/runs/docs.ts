import {
  redrivePlanSchema,
  runChangeSchema,
  runListSchema,
  runRequestSchema,
  runResultSchema,
  runSchema,
} from '@darkroom/api';
import { z } from 'zod';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import { listParams, resultsParams, runIdParam, runParams } from './params.ts';

const TAGS = ['Runs'];
const AWAY = ['queue_unavailable', 'store_unavailable'] as const;

export const createDoc = {
  operationId: 'createRun',
  tags: TAGS,
  summary: 'Create a run',
  description: [
    'Renders that are created from now on with its `id` as their `run` belong to it, however they are created. Renders that',
    'were created before do not: their `run` is a plain label. The same id with the same definition is the same run.',
  ].join(' '),
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: runRequestSchema,
        example: {
          id: 'catalogue-2026-11-26',
          lane: 'batch',
          budget: '120.00',
        },
      },
    },
  },
  responses: {
    '200': jsonResponse('The run existed with this definition.', runSchema),
    '201': jsonResponse('The run.', runSchema, {
      headers: { Location: { description: 'The run.', schema: { type: 'string', format: 'uri' } } },
    }),
    ...problemResponses(...JSON_BODY_PROBLEMS, 'run_conflict', ...AWAY),
  },
};

export const listDoc = {
  operationId: 'listRuns',
  tags: TAGS,
  summary: 'List the runs',
  description: 'The latest first.',
  requestParams: { query: listParams },
  responses: {
    '200': jsonResponse('A page of runs.', runListSchema),
    ...problemResponses('invalid_request', ...AWAY),
  },
};

export const getDoc = {
  operationId: 'getRun',
  tags: TAGS,
  summary: 'Get a run',
  description:
    'Its counts are exact: each render of the run is in one of them. They survive the loss of the queue; while `counts_complete` is false, a worker makes them again.',
  requestParams: { path: runIdParam, query: runParams },
  responses: {
    '200': jsonResponse('The run.', runSchema),
    ...problemResponses('run_not_found', 'invalid_request', ...AWAY),
  },
};

export const eventsDoc = {
  operationId: 'followRun',
  tags: TAGS,
  summary: "Stream a run's events",
  description: [
    'Server-sent events. `run` contains the whole run: when you connect, and after each change, at most once per second.',
    'At its end comes `finished`, and the response is over. When you connect again, you get the present state.',
  ].join(' '),
  requestParams: { path: runIdParam, query: runParams },
  responses: {
    '200': {
      description: 'Events until the run has finished.',
      content: {
        'text/event-stream': {
          schema: z.string(),
          example:
            'retry: 2000\n\nid: 1795363245349-1\nevent: run\ndata: {"object":"run","id":"catalogue-2026-11-26","status":"sealed",…}\n\n',
        },
      },
    },
    ...problemResponses('run_not_found', 'invalid_request', 'rate_limited', ...AWAY),
  },
};

export const resultsDoc = {
  operationId: 'listRunResults',
  tags: TAGS,
  summary: 'Stream the results of a run',
  description: [
    'One line of JSON for each render that has ended, in the order of their ids, also while the run goes on. To go on after a',
    'connection that broke, send the last id as `after`.',
  ].join(' '),
  requestParams: { path: runIdParam, query: resultsParams },
  responses: {
    '200': {
      description: 'The results as NDJSON.',
      content: { 'application/x-ndjson': { schema: runResultSchema } },
    },
    ...problemResponses('run_not_found', 'invalid_request', ...AWAY),
  },
};

const changeDoc = (operationId: string, summary: string, description: string, reason: string) => ({
  operationId,
  tags: TAGS,
  summary,
  description,
  requestParams: { path: runIdParam, query: runParams },
  requestBody: { content: { 'application/json': { schema: runChangeSchema, example: { reason } } } },
  responses: {
    '200': jsonResponse('The run.', runSchema),
    ...problemResponses(
      'run_not_found',
      ...JSON_BODY_PROBLEMS.filter((code) => code !== 'empty_body'),
      ...AWAY,
    ),
  },
});

export const changeDocs = {
  seal: changeDoc(
    'sealRun',
    'Seal a run',
    'It takes no more renders, and finishes when its last one has ended. Only a sealed run finishes. Sealing it again changes nothing.',
    'The shop has sent everything.',
  ),
  cancel: changeDoc(
    'cancelRun',
    'Cancel a run',
    'When the response arrives, it buys nothing more. Renders that were not bought are canceled; images that are bought are still stored. It takes no more renders.',
    'Wrong prompts.',
  ),
};

export const redriveDoc = {
  operationId: 'planRunRedrive',
  tags: TAGS,
  summary: 'Plan a redrive of its failed renders',
  description:
    'Makes a plan for all failed renders of the run, and changes nothing else. `POST /v1/redrives` executes it. A finished run is open again while they run, and finishes once more.',
  requestParams: { path: runIdParam, query: runParams },
  responses: {
    '200': jsonResponse('The plan.', redrivePlanSchema),
    ...problemResponses('run_not_found', 'invalid_request', ...AWAY),
  },
};
