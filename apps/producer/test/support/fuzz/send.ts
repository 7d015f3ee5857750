import { setTimeout as delay } from 'node:timers/promises';
import { type Agent, request } from 'undici';
import type { Answered } from '../contract/check.ts';
import type { FuzzedRequest } from './requests.ts';

/** A response that takes longer is missing. A stream is read for this long. Milliseconds. */
const ANSWER_MS = 30_000;
const STREAM_MS = 60;
/** How long a request with `wait` waits. Milliseconds. */
const WAIT_MS = 250;

/** Sends a request unchanged. @returns `undefined` for a request with `wait` that still waits. */
export async function send(
  base: string,
  { method, path, headers, body }: FuzzedRequest,
  dispatcher: Agent,
): Promise<Answered | undefined> {
  const timeoutMs = /[?&]wait=[1-9]/.test(path) ? WAIT_MS : ANSWER_MS;
  const leave = new AbortController();
  const timer = setTimeout(() => leave.abort(), timeoutMs);
  try {
    const answer = await request(base + path, {
      method: method as 'GET',
      headers,
      body: body === undefined ? null : Buffer.from(body, 'latin1'),
      signal: leave.signal,
      dispatcher,
    });
    const streams = String(answer.headers['content-type']).startsWith('text/event-stream');
    const chunks: Buffer[] = [];
    const reading = (async () => {
      for await (const chunk of answer.body) chunks.push(chunk as Buffer);
      return true;
    })();
    const whole = await (streams ? Promise.race([reading, delay(STREAM_MS, false)]) : reading);
    if (!whole) {
      reading.catch(() => undefined);
      leave.abort();
    }
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: Buffer.concat(chunks),
      ...(whole ? {} : { cut: true }),
    };
  } catch (error) {
    if (leave.signal.aborted && timeoutMs === WAIT_MS) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
