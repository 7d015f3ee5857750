import { z } from 'zod';

/** The name of a worker process: its host, its process id, and four random hex digits. */
export const WORKER_NAME = /^[\w.-]{1,120}$/;

/**
 * `draining`: it takes no new jobs, and finishes those that it has. `drained`: it has none, and is safe to stop. `lost`:
 * it was not seen for ten seconds.
 */
export const WORKER_STATES = ['running', 'draining', 'drained', 'lost'] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/** The body of `POST /v1/workers/{name}/drain`. */
export const drainRequestSchema = z
  .strictObject({ reason: z.string().trim().min(1).max(200).meta({ description: 'Why, for people.' }) })
  .meta({ id: 'DrainRequest' });

/** `POST /v1/workers/{name}/drain` and `/undrain`, 200. */
export const workerSchema = z
  .strictObject({
    object: z.literal('worker'),
    name: z.string().meta({ description: 'Its host, its process id, and four random hex digits.' }),
    host: z.string(),
    pid: z.int(),
    version: z.string(),
    state: z.enum(WORKER_STATES).meta({
      description:
        '`draining`: it takes no new jobs, and finishes those that it has. `drained`: it has none, and is safe to stop. `lost`: it was not seen for ten seconds.',
    }),
    since: z.iso.datetime().meta({ description: 'When it started.' }),
    last_seen: z.iso.datetime(),
    active: z
      .record(z.string(), z.int())
      .meta({ description: 'The jobs that it runs now, by queue. Queues without a job are left out.' }),
    limits: z.record(z.string(), z.int()).meta({ description: 'The limits that it has applied.' }),
    drain: z
      .strictObject({ actor: z.string(), reason: z.string(), since: z.iso.datetime() })
      .nullable()
      .meta({ description: 'Who drains it. Null: it takes jobs.' }),
  })
  .meta({ id: 'Worker' });

/** `GET /v1/workers`, 200. */
export const workerListSchema = z
  .strictObject({ object: z.literal('list'), data: z.array(workerSchema) })
  .meta({ id: 'WorkerList' });

export type WorkerResponse = z.infer<typeof workerSchema>;
export type WorkerListResponse = z.infer<typeof workerListSchema>;
