// Budgets: hard limits for what renders may cost.
//
// budget.ts        a budget: which purchases count against it, and when it renews
// budget-store.ts  the definitions in the object store
// budget-use.ts    the budgets and what of them is used

export {
  type Budget,
  type BudgetUse,
  budgetMatches,
  describeBudget,
  findRenewal,
  listDays,
  nameGeneration,
  nameSum,
} from './budget.ts';
export { readBudgets, removeBudget, writeBudget } from './budget-store.ts';
export { readBudgetUse } from './budget-use.ts';
