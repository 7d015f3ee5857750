import type { RenderResponse } from '@darkroom/api';
import { Pool } from 'undici';
import { removeKeys } from '../probes/index.ts';
import { startFakeWorker, startProducer } from '../processes.ts';
import type { Size } from '../scenario.ts';
import type { Workspace } from '../workspace.ts';
import { sendRender } from './caller.ts';

/** Milliseconds from the completion of a render's job until its caller knows of it. */
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

const CONCURRENT_CALLERS = 20;
/** The duration of a render. It is long enough that the caller is waiting when the render ends. */
const RENDER_MS = 300;

/** How soon a waiting caller learns that its render has completed. */
export async function measureDelivery(workspace: Workspace, size: Size): Promise<Delivery> {
  const renders = size.quick ? 60 : 200;
  const producer = await startProducer(workspace);
  await startFakeWorker(workspace, producer.prefix, RENDER_MS);
  const pool = new Pool(producer.url, { connections: 2 * CONCURRENT_CALLERS });
  const rows: DeliveryRow[] = [];
  for (const [name, waitForEnd] of [
    ['GET ?wait=30', waitByLongPoll],
    ['events, `end`', followEvents],
  ] as const) {
    size.progress(`intake: delivery by ${name}`);
    rows.push(summarizeRow(name, await measureDelays(pool, renders, waitForEnd)));
  }
  await pool.close();
  await producer.stop();
  await removeKeys(workspace.redis, producer.prefix);
  return { at_once: CONCURRENT_CALLERS, rows };
}

type WaitForEnd = (pool: Pool, id: string) => Promise<RenderResponse>;

async function measureDelays(pool: Pool, renders: number, waitForEnd: WaitForEnd): Promise<number[]> {
  const seen: number[] = [];
  const left = Array.from({ length: renders }).values();
  const take = async () => {
    for (const _ of left) {
      const { id } = await sendRender(pool);
      const { status, updated_at: completedAt } = await waitForEnd(pool, id);
      if (status !== 'completed') throw new Error(`a render ended as ${status}`);
      // The worker runs on this machine, so both use the same clock.
      seen.push(Date.now() - Date.parse(completedAt));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_CALLERS }, take));
  return seen;
}

const waitByLongPoll: WaitForEnd = async (pool, id) => {
  const { body } = await pool.request({ path: `/v1/renders/${id}?wait=30`, method: 'GET' });
  return (await body.json()) as RenderResponse;
};

const followEvents: WaitForEnd = async (pool, id) => {
  const { body } = await pool.request({ path: `/v1/renders/${id}/events`, method: 'GET' });
  let text = '';
  for await (const chunk of body) {
    text += String(chunk);
    const data = /^event: end\ndata: (.*)\n/m.exec(text)?.[1];
    if (data) return JSON.parse(data) as RenderResponse;
  }
  throw new Error(`the event stream stopped before the event "end":\n${text}`);
};

function summarizeRow(name: string, values: number[]): DeliveryRow {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { name, renders: values.length, median_ms: at(0.5), p95_ms: at(0.95), max_ms: at(1) };
}
