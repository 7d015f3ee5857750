import type { BudgetResponse, SpendResponse } from '@darkroom/api';

const spend: SpendResponse = {
  object: 'spend',
  from: '2026-11-22',
  to: '2026-11-26',
  by: 'tenant',
  renders: 4_210,
  spent: '126.300',
  refunded: '0.960',
  possibly_spent: '0.030',
  currency: 'USD',
  since: '2026-11-20',
  groups: [
    { key: 'shop', renders: 4_200, spent: '126.000', refunded: '0.960', possibly_spent: '0.030' },
    { key: 'lab', renders: 10, spent: '0.300', refunded: '0.000', possibly_spent: '0.000' },
  ],
  more_groups: 0,
};

const budget: BudgetResponse = {
  object: 'budget',
  name: 'all-days',
  limit: '250.000',
  per: 'day',
  tenant: null,
  run: null,
  used: '126.330',
  renews_at: '2026-11-27T00:00:00.000Z',
  currency: 'USD',
  set_at: '2026-11-26T09:30:00.000Z',
  actor: 'key *:…:5f1c0d7a…',
  reason: 'The limit of the contract.',
};

export const MONEY_EXAMPLES: Record<string, unknown> = {
  Spend: spend,
  Budget: budget,
  BudgetList: { object: 'list', data: [budget] },
};
