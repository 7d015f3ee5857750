import type { BudgetListResponse, BudgetRequest, BudgetResponse, SpendResponse } from '@darkroom/api';
import { buildQuery, type Send } from './send.ts';

/** Money. */
export interface MoneyApi {
  /** What renders cost. @param query the parameters of `GET /v1/spend` */
  readSpend(query: Record<string, string | undefined>): Promise<SpendResponse>;
  listBudgets(): Promise<BudgetResponse[]>;
  getBudget(name: string): Promise<BudgetResponse>;
  setBudget(
    name: string,
    budget: { [K in keyof BudgetRequest]: BudgetRequest[K] | undefined },
  ): Promise<BudgetResponse>;
  unsetBudget(name: string): Promise<BudgetResponse>;
}

export function openMoneyApi(send: Send): MoneyApi {
  const path = (name: string) => `v1/budgets/${encodeURIComponent(name)}`;
  return {
    readSpend: (query) => send('GET', `v1/spend${buildQuery(query)}`),
    listBudgets: async () => (await send<BudgetListResponse>('GET', 'v1/budgets')).data,
    getBudget: (name) => send('GET', path(name)),
    setBudget: (name, budget) => send('PUT', path(name), budget),
    // After a lost answer, a second try could find no budget.
    unsetBudget: (name) => send('DELETE', path(name), undefined, false),
  };
}
