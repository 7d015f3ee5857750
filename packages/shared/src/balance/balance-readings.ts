import type { Settings } from '../config/index.ts';
import type { ObjectStore } from '../object-store/index.ts';
import { sha256, utcDay } from '../render/index.ts';

/** What the provider's balance was at a time. */
export interface BalanceReading {
  /** Unix milliseconds: when the answer had arrived. */
  at: number;
  /** Micro-dollars, if the account counts in dollars. It can be negative. */
  micros: number;
  /** Which account: see {@link nameAccount}. Readings of two accounts must not be compared. */
  account: string;
}

const PREFIX = 'balance/';
const DAY_MS = 86_400_000;
/** The milliseconds that are left of the day, so that the last reading of a day is listed first. */
const KEY = /^balance\/(\d{4}-\d\d-\d\d)\/(\d{8})\.([0-9a-f]{8})\.(-?\d+)$/;

/** Readings are this far apart, so that a day has fewer of them than a page of a list. */
const MIN_DISTANCE_MS = 300_000;

/** A name for the account of these settings. It does not contain the key. */
export const nameAccount = ({
  TOAPIS_BASE_URL: base = '',
  TOAPIS_API_KEY: key = '',
}: Pick<Settings, 'TOAPIS_BASE_URL' | 'TOAPIS_API_KEY'>): string => sha256(`${base}\n${key}`).slice(0, 8);

export const toBalanceMicros = (dollars: number): number => Math.round(dollars * 1e6);

function readingKey({ at, micros, account }: BalanceReading): string {
  const left = String(DAY_MS - 1 - (at % DAY_MS)).padStart(8, '0');
  return `${PREFIX}${utcDay(at)}/${left}.${account}.${micros}`;
}

function parseReading(key: string): BalanceReading | undefined {
  const [, day = '', left, account = '', micros] = KEY.exec(key) ?? [];
  if (left === undefined) return undefined;
  return { at: Date.parse(day) + DAY_MS - 1 - Number(left), micros: Number(micros), account };
}

/** Writes a reading as an empty object: its key says everything. Throws {@link StoreError}. */
export async function writeBalanceReading(
  store: ObjectStore,
  reading: BalanceReading,
  signal?: AbortSignal,
): Promise<void> {
  await store.put(readingKey(reading), '', { contentType: 'text/plain', ...(signal ? { signal } : {}) });
}

/** The readings of a UTC day, in the order of their times. Throws {@link StoreError}. */
export async function listBalanceReadings(
  store: ObjectStore,
  day: string,
  signal?: AbortSignal,
): Promise<BalanceReading[]> {
  const found: BalanceReading[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await store.list({
      prefix: `${PREFIX}${day}/`,
      ...(cursor === undefined ? {} : { cursor }),
      ...(signal ? { signal } : {}),
    });
    found.push(...page.objects.flatMap(({ key }) => parseReading(key) ?? []));
    cursor = page.cursor;
    if (cursor === undefined) return found.reverse();
  }
}

/** Whether a reading is due: the last one of this day is old. One list of one key. Throws {@link StoreError}. */
export async function isReadingDue(store: ObjectStore, now: number, signal?: AbortSignal): Promise<boolean> {
  const prefix = `${PREFIX}${utcDay(now)}/`;
  const { objects } = await store.list({ prefix, limit: 1, ...(signal ? { signal } : {}) });
  const last = objects[0] && parseReading(objects[0].key);
  return !last || Math.abs(now - last.at) >= MIN_DISTANCE_MS;
}
