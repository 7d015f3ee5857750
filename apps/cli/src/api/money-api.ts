import type {
  BudgetListResponse,
  BudgetRequest,
  BudgetResponse,
  ReconcileListResponse,
  ReconcileRequest,
  ReconcileResponse,
  SpendResponse,
} from '@darkroom/api';
import { buildQuery, type Send } from './send.ts';

/** Money. */
export interface MoneyApi {
  /** What renders cost. @param query the parameters of `GET /v1/spend` */
  readSpend(query: Record<string, string | undefined>): Promise<SpendResponse>;
  /** Compares the books with the provider's balance. */
  reconcile(
    request: { [K in keyof ReconcileRequest]: ReconcileRequest[K] | undefined },
  ): Promise<ReconcileResponse>;
  /** The latest reports, the newest first. */
  listReconciliations(limit: number): Promise<ReconcileResponse[]>;
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
    // A second try after a lost answer could resolve nothing more, but it would make a second report.
    reconcile: (request) => send('POST', 'v1/reconcile', request, false),
    listReconciliations: async (limit) =>
      (await send<ReconcileListResponse>('GET', `v1/reconcile?limit=${limit}`)).data,
    listBudgets: async () => (await send<BudgetListResponse>('GET', 'v1/budgets')).data,
    getBudget: (name) => send('GET', path(name)),
    setBudget: (name, budget) => send('PUT', path(name), budget),
    // After a lost answer, a second try could find no budget.
    unsetBudget: (name) => send('DELETE', path(name), undefined, false),
  };
}
