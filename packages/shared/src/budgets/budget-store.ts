import type { ObjectStore } from '../object-store/index.ts';
import { DATA_VERSION, upgradePersisted } from '../render/index.ts';
import { type Budget, budgetSchema } from './budget.ts';

const PREFIX = 'budgets/';
const budgetKey = (name: string) => `${PREFIX}${name}.json`;

/** All budgets, by name. Throws {@link StoreError}, and zod's error for an object that is no budget. */
export async function readBudgets(store: ObjectStore, signal?: AbortSignal): Promise<Budget[]> {
  const options = signal ? { signal } : {};
  const budgets: Budget[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await store.list({ prefix: PREFIX, ...options, ...(cursor ? { cursor } : {}) });
    const found = await Promise.all(page.objects.map(({ key }) => store.get(key, options)));
    // One that was removed since the list was read is left out.
    budgets.push(...found.flatMap((bytes) => (bytes ? [parseBudget(bytes)] : [])));
    cursor = page.cursor;
    if (cursor === undefined) return budgets;
  }
}

function parseBudget(bytes: Uint8Array): Budget {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  const { version: _, ...budget } = budgetSchema.parse(upgradePersisted('budget', value));
  return budget;
}

export async function writeBudget(store: ObjectStore, budget: Budget, signal?: AbortSignal): Promise<void> {
  const body = JSON.stringify({ version: DATA_VERSION, ...budget });
  await store.put(budgetKey(budget.name), body, {
    contentType: 'application/json',
    ...(signal ? { signal } : {}),
  });
}

export const removeBudget = (store: ObjectStore, name: string, signal?: AbortSignal) =>
  store.delete(budgetKey(name), signal ? { signal } : {});
