import { type Settings } from '@darkroom/shared/config';
import { type Clock, createScrub } from '@darkroom/shared/runtime';
import { request } from 'undici';

/** `/v1/balance` is the key's balance, `/v1/user/balance` the account's. */
export type BalancePath = '/v1/balance' | '/v1/user/balance';

/** ToAPIs' response as it is, or `success: false` with a message. */
export type Balance = Record<string, unknown> & { success: boolean };

/** Asks ToAPIs for a balance. Never throws. */
export type ReadBalance = (path: BalancePath) => Promise<Balance>;

const DEFAULT_BASE_URL = 'https://toapis.com';
const CACHE_MS = 5_000;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 64 * 1024;

/** Reads balances with TOAPIS_API_KEY. A response is cached for 5 s; calls in that time share one request. */
export function createBalanceReader(
  { TOAPIS_API_KEY: key, TOAPIS_BASE_URL: base }: Pick<Settings, 'TOAPIS_API_KEY' | 'TOAPIS_BASE_URL'>,
  clock: Clock,
): ReadBalance {
  if (!key) return async () => toFailure('TOAPIS_API_KEY is not set, so the balance cannot be read.');
  const cache = new Map<BalancePath, { askedAt: number; balance: Promise<Balance> }>();
  return (path) => {
    const last = cache.get(path);
    if (last && clock.now() - last.askedAt < CACHE_MS) return last.balance;
    const balance = requestBalance(new URL(path, base ?? DEFAULT_BASE_URL), key);
    cache.set(path, { askedAt: clock.now(), balance });
    return balance;
  };
}

/** The balance in dollars. `undefined`: the account has no limit, or the provider does not say it. */
export const readDollars = ({
  success,
  remain_balance: remaining,
  unlimited_quota: isUnlimited,
}: Balance): number | undefined =>
  success && typeof remaining === 'number' && remaining !== -1 && isUnlimited !== true
    ? remaining
    : undefined;

async function requestBalance(url: URL, key: string): Promise<Balance> {
  // ToAPIs' error message may contain the key that it rejects.
  const scrub = createScrub([key]);
  try {
    const response = await request(url, {
      headers: { authorization: `Bearer ${key}`, accept: 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return parseBalance(response.statusCode, scrub(await readText(response.body)));
  } catch {
    return toFailure('The provider did not answer. Try again soon.');
  }
}

function parseBalance(status: number, text: string): Balance {
  const body = parseObject(text);
  if (status === 200 && typeof body?.success === 'boolean') return body as Balance;
  const message = (body?.error as { message?: unknown } | undefined)?.message ?? body?.message;
  const more = typeof message === 'string' ? `: ${message.slice(0, 200)}` : '';
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
