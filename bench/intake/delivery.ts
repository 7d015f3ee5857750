import type { RenderResponse } from '@darkroom/api';
import { Pool } from 'undici';
import { startFinisher, startProducer } from '../processes.ts';
import { removeBelow } from '../probes/redis.ts';
import type { Ground } from '../workspace.ts';
import type { Size } from '../scenarios/scenario.ts';
import { post } from './caller.ts';

/** Milliseconds from the completion of a render's job to its caller knowing of it. */
export interface DeliveryRow {
  name: string;
  renders: number;
  median_ms: number;
  p95_ms: number;
  max_ms: number;
}

export interface Delivery {
  at_once: number;
  rows: DeliveryRow[];
}

const AT_ONCE = 20;
/** A render takes about so long: whoever waits has begun to wait by then. */
const RENDER_MS = 300;

/** How soon callers that wait are told that a render has completed. */
export async function measureDelivery(ground: Ground, size: Size): Promise<Delivery> {
  const renders = size.quick ? 60 : 200;
  const producer = await startProducer(ground);
  await startFinisher(ground, producer.prefix, RENDER_MS);
  const pool = new Pool(producer.url, { connections: 2 * AT_ONCE });
  const rows: DeliveryRow[] = [];
  for (const [name, follow] of [
    ['GET ?wait=30', waited],
    ['events, `end`', followed],
  ] as const) {
    size.progress(`intake: delivery by ${name}`);
    rows.push(rowOf(name, await delays(pool, renders, follow)));
  }
  await pool.close();
  await producer.stop();
  await removeBelow(ground.redis, producer.prefix);
  return { at_once: AT_ONCE, rows };
}

type Follow = (pool: Pool, id: string) => Promise<RenderResponse>;

async function delays(pool: Pool, renders: number, follow: Follow): Promise<number[]> {
  const seen: number[] = [];
  const left = Array.from({ length: renders }).values();
  const take = async () => {
    for (const _ of left) {
      const { id } = await post(pool);
      const { status, updated_at: completedAt } = await follow(pool, id);
      if (status !== 'completed') throw new Error(`a render that was waited for is ${status}`);
      // The worker's clock is this machine's.
      seen.push(Date.now() - Date.parse(completedAt));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, take));
  return seen;
}

const waited: Follow = async (pool, id) => {
  const { body } = await pool.request({ path: `/v1/renders/${id}?wait=30`, method: 'GET' });
  return (await body.json()) as RenderResponse;
};

const followed: Follow = async (pool, id) => {
  const { body } = await pool.request({ path: `/v1/renders/${id}/events`, method: 'GET' });
  let text = '';
  for await (const chunk of body) {
    text += String(chunk);
    const data = /^event: end\ndata: (.*)\n/m.exec(text)?.[1];
    if (data) return JSON.parse(data) as RenderResponse;
  }
  throw new Error(`the events ended without an end:\n${text}`);
};

function rowOf(name: string, values: number[]): DeliveryRow {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { name, renders: values.length, median_ms: at(0.5), p95_ms: at(0.95), max_ms: at(1) };
}
