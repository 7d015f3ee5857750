// spend.ts   spend: what renders cost
// reconcile.ts  reconcile: the books against the provider's balance
// budget.ts  budget list, get, set, unset: hard limits
import { BUDGET_COMMANDS } from './budget.ts';
import { reconcileCommand } from './reconcile.ts';
import { spendCommand } from './spend.ts';

export const MONEY_COMMANDS = [spendCommand, reconcileCommand, ...BUDGET_COMMANDS];
