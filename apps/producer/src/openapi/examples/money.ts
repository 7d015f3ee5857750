import type { BudgetResponse, ReconcileResponse, SpendResponse } from '@darkroom/api';

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

const reconciliation: ReconcileResponse = {
  object: 'reconciliation',
  id: 'rec_17953632453491a2b3c4d',
  created_at: '2026-11-27T00:30:00.000Z',
  actor: 'key *:…:5f1c0d7a…',
  from: '2026-11-26',
  to: '2026-11-26',
  before: { at: '2026-11-25T23:55:00.000Z', balance: '400.000' },
  after: { at: '2026-11-26T23:55:00.000Z', balance: '323.700' },
  top_ups: '50.000',
  charged: '127.260',
  refunded: '0.960',
  possibly_spent: '0.030',
  expected: '126.300',
  actual: '126.300',
  remainder: '0.000',
  result: 'none_bought',
  doubts: [],
  resolved: 0,
  unknown: [
    {
      render_id: 'rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7',
      tenant: 'shop',
      attempt: 1,
      price: '0.030',
      claimed_at: '2026-11-26T14:03:12.000Z',
      resolved: null,
      command: 'darkroom renders resolve rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7',
    },
  ],
  more_unknown: 0,
  currency: 'USD',
};

export const MONEY_EXAMPLES: Record<string, unknown> = {
  Spend: spend,
  Budget: budget,
  BudgetList: { object: 'list', data: [budget] },
  Reconciliation: reconciliation,
  ReconciliationList: { object: 'list', data: [reconciliation] },
};
