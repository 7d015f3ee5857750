import { type Settings } from '@darkroom/shared/config';
import { type Clock, createScrub } from '@darkroom/shared/runtime';
import { request } from 'undici';

/** `GET /v1/balance` is of the key, `/v1/user/balance` of the account. */
export type BalancePath = '/v1/balance' | '/v1/user/balance';

/** What the provider says, as it says it; or that it said nothing of use. */
export type Balance = Record<string, unknown> & { success: boolean };

/** Asks the provider for a balance; never throws. */
export type ReadBalance = (path: BalancePath) => Promise<Balance>;

const DEFAULT_BASE_URL = 'https://toapis.com';
const CACHE_MS = 5_000;
const LIMIT_MS = 5_000;
const MAX_BYTES = 64 * 1024;

/** The account behind TOAPIS_API_KEY. An answer is kept for 5 s, and who asks meanwhile waits for the same one. */
export function createBalanceReader(
  { TOAPIS_API_KEY: key, TOAPIS_BASE_URL: base }: Pick<Settings, 'TOAPIS_API_KEY' | 'TOAPIS_BASE_URL'>,
  clock: Clock,
): ReadBalance {
  if (!key) return async () => toFailure('TOAPIS_API_KEY is not set here: nobody to ask.');
  const kept = new Map<BalancePath, { askedAt: number; answer: Promise<Balance> }>();
  return (path) => {
    const last = kept.get(path);
    if (last && clock.now() - last.askedAt < CACHE_MS) return last.answer;
    const answer = requestBalance(new URL(path, base ?? DEFAULT_BASE_URL), key);
    kept.set(path, { askedAt: clock.now(), answer });
    return answer;
  };
}

async function requestBalance(url: URL, key: string): Promise<Balance> {
  // The provider might repeat the key that it refuses.
  const scrub = createScrub([key]);
  try {
    const reply = await request(url, {
      headers: { authorization: `Bearer ${key}`, accept: 'application/json' },
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    return parseBalance(reply.statusCode, scrub(await readText(reply.body)));
  } catch {
    return toFailure('The provider did not answer. Try again soon.');
  }
}

function parseBalance(status: number, text: string): Balance {
  const body = parseObject(text);
  if (status === 200 && typeof body?.success === 'boolean') return body as Balance;
  const said = (body?.error as { message?: unknown } | undefined)?.message ?? body?.message;
  const more = typeof said === 'string' ? `: ${said.slice(0, 200)}` : '';
  return toFailure(`The provider answered with HTTP ${status}${more}`);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const toFailure = (message: string): Balance => ({ success: false, message });
