import { afterEach } from 'vitest';
import {
  type ManualClock,
  manualClock,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../src/index.ts';

/** Longer than any task takes. */
export const LONGER_THAN_ANY_TASK_MS = 100_000;

/** A latency of exactly ten seconds at 1K. */
export const TEN_SECONDS = { minMs: 10_000, p50Ms: 10_000, p95Ms: 10_000, maxMs: 10_000 };

export interface TestSimulator extends Simulator {
  clock: ManualClock;
  submit(body?: Record<string, unknown>, headers?: Record<string, string>): Promise<Response>;
  /** Submits and returns the task id. */
  buy(body?: Record<string, unknown>): Promise<string>;
  query(id: string): Promise<Response>;
  /** Returns the JSON of a status query. */
  readStatus(id: string): Promise<any>;
  control(method: string, path: string, body?: unknown): Promise<Response>;
}

const open: Simulator[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

/** Opens a simulator with a manual clock, a fixed seed and no quota. It is closed after the test. */
export async function openSimulator(
  options: SimulatorOptions & { clock?: ManualClock } = {},
): Promise<TestSimulator> {
  const clock = options.clock ?? manualClock();
  const started = await startSimulator({ seed: 7, quota: null, ...options, clock });
  open.push(started);
  const { url, apiKey } = started;
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  const submit = (
    body: Record<string, unknown> = {},
    extra: Record<string, string> = {},
  ): Promise<Response> =>
    fetch(`${url}/v1/images/generations`, {
      method: 'POST',
      headers: { ...headers, ...extra },
      body: JSON.stringify({ model: 'gemini-3-pro-image-preview', prompt: 'A red fox', ...body }),
    });
  const query = (id: string): Promise<Response> => fetch(`${url}/v1/images/generations/${id}`, { headers });
  return {
    ...started,
    clock,
    submit,
    query,
    async buy(body) {
      const response = await submit(body);
      const { id } = (await response.json()) as { id?: string };
      if (response.status !== 200 || id === undefined)
        throw new Error(`submission: status ${response.status}`);
      return id;
    },
    readStatus: async (id) => (await query(id)).json(),
    control: (method, path, body) =>
      fetch(`${url}/__simulator${path}`, {
        method,
        ...(body === undefined ? {} : { headers, body: JSON.stringify(body) }),
      }),
  };
}

/** Buys an image, moves the clock past its end and returns the result URL. */
export async function buyFinished(sim: TestSimulator, body: Record<string, unknown> = {}): Promise<string> {
  const id = await sim.buy(body);
  sim.clock.advance(LONGER_THAN_ANY_TASK_MS);
  const answer = (await sim.readStatus(id)) as { url: string };
  return answer.url;
}

/** Runs the event loop until the condition is true. */
export async function waitUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((turn) => setImmediate(turn));
}

export async function download(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`download: status ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
