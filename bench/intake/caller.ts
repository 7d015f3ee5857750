import { request as httpRequest } from 'node:http';
import type { AcceptedResponse, BulkSummary } from '@darkroom/api';
import { Pool } from 'undici';
import { REQUEST } from '../load.ts';

const NDJSON = 'application/x-ndjson';

/**
 * Creates the NDJSON of a bulk call. @param key starts the idempotency key of each render; without it they have
 * none.
 */
export function createBulkBody(renders: number, key: string | undefined): Buffer {
  const lines = Array.from({ length: renders }, (_, at) => `${formatRequest(key && `${key}-${at}`)}\n`);
  return Buffer.from(lines.join(''));
}

const formatRequest = (key: string | undefined) =>
  JSON.stringify(key === undefined ? REQUEST : { ...REQUEST, idempotency_key: key });

/**
 * Sends a streamed bulk call and reads the whole answer. @returns seconds. @throws unless all renders were accepted.
 */
export async function sendBulk(url: string, body: Buffer, renders: number): Promise<number> {
  const began = performance.now();
  const last = await new Promise<string>((resolve, reject) => {
    const call = httpRequest(`${url}/v1/renders/bulk`, {
      method: 'POST',
      headers: { 'content-type': NDJSON, accept: NDJSON, 'content-length': body.length },
    });
    call.on('error', reject);
    call.on('response', (answer) => {
      // Only the last line is parsed: parsing the other lines would measure the caller, not the producer.
      let tail = '';
      answer.setEncoding('latin1');
      answer.on('data', (chunk: string) => (tail = (tail + chunk).slice(-2000)));
      answer.on('end', () => resolve(tail.trimEnd().split('\n').at(-1) ?? ''));
      answer.on('error', reject);
    });
    call.end(body);
  });
  const summary = JSON.parse(last) as BulkSummary;
  if (summary.accepted !== renders) throw new Error(`not all of ${renders} renders were accepted: ${last}`);
  return (performance.now() - began) / 1000;
}

/**
 * Sends one call per render, `atOnce` at the same time, on kept-alive connections.
 *
 * @param onAnswer called with the milliseconds until each answer
 * @returns seconds.
 */
export async function sendSingles(
  url: string,
  renders: number,
  atOnce: number,
  key?: string,
  onAnswer?: (ms: number) => void,
): Promise<number> {
  const bodies = Array.from({ length: renders }, (_, at) => formatRequest(key && `${key}-${at}`)).values();
  const pool = new Pool(url, { connections: atOnce });
  const began = performance.now();
  const take = async () => {
    for (const body of bodies) {
      const sentAt = performance.now();
      await sendRender(pool, body);
      onAnswer?.(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, take));
  const seconds = (performance.now() - began) / 1000;
  await pool.close();
  return seconds;
}

/** Creates one render. */
export async function sendRender(pool: Pool, body = formatRequest(undefined)): Promise<AcceptedResponse> {
  const headers = { 'content-type': 'application/json' };
  const answer = await pool.request({ path: '/v1/renders', method: 'POST', headers, body });
  if (answer.statusCode !== 202) throw new Error(`a render was answered ${answer.statusCode}`);
  return (await answer.body.json()) as AcceptedResponse;
}
