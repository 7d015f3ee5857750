import { request as httpRequest } from 'node:http';
import type { AcceptedResponse, BulkSummary } from '@darkroom/api';
import { Pool } from 'undici';
import { REQUEST } from '../load.ts';

const NDJSON = 'application/x-ndjson';

/** So many renders as NDJSON. @param key begins the idempotency key of each; without it they have none. */
export function bulkBody(renders: number, key: string | undefined): Buffer {
  const lines = Array.from({ length: renders }, (_, at) => `${render(key && `${key}-${at}`)}\n`);
  return Buffer.from(lines.join(''));
}

const render = (key: string | undefined) =>
  JSON.stringify(key === undefined ? REQUEST : { ...REQUEST, idempotency_key: key });

/** Sends a streamed bulk call and reads its whole answer. Answers the seconds that it took. @throws unless all got in */
export async function bulkCall(url: string, body: Buffer, renders: number): Promise<number> {
  const began = performance.now();
  const last = await new Promise<string>((resolve, reject) => {
    const call = httpRequest(`${url}/v1/renders/bulk`, {
      method: 'POST',
      headers: { 'content-type': NDJSON, accept: NDJSON, 'content-length': body.length },
    });
    call.on('error', reject);
    call.on('response', (answer) => {
      // Only the last line is looked at: taking the answer apart is the caller's business, not the door's.
      let tail = '';
      answer.setEncoding('latin1');
      answer.on('data', (chunk: string) => (tail = (tail + chunk).slice(-2000)));
      answer.on('end', () => resolve(tail.trimEnd().split('\n').at(-1) ?? ''));
      answer.on('error', reject);
    });
    call.end(body);
  });
  const summary = JSON.parse(last) as BulkSummary;
  if (summary.accepted !== renders) throw new Error(`not all of ${renders} renders got in: ${last}`);
  return (performance.now() - began) / 1000;
}

/** Sends renders one by one, some at a time, on kept-alive connections. Answers the seconds that it took. */
export async function singleCalls(
  url: string,
  renders: number,
  atOnce: number,
  key?: string,
): Promise<number> {
  const bodies = Array.from({ length: renders }, (_, at) => render(key && `${key}-${at}`)).values();
  const pool = new Pool(url, { connections: atOnce });
  const began = performance.now();
  const take = async () => {
    for (const body of bodies) await post(pool, body);
  };
  await Promise.all(Array.from({ length: atOnce }, take));
  const seconds = (performance.now() - began) / 1000;
  await pool.close();
  return seconds;
}

/** Asks for one render. */
export async function post(pool: Pool, body = render(undefined)): Promise<AcceptedResponse> {
  const headers = { 'content-type': 'application/json' };
  const answer = await pool.request({ path: '/v1/renders', method: 'POST', headers, body });
  if (answer.statusCode !== 202) throw new Error(`a render was answered ${answer.statusCode}`);
  return (await answer.body.json()) as AcceptedResponse;
}
