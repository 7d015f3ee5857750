import { type Purchase, sumCost } from './purchases.ts';

/**
 * The version of all persisted data: checkpoints and the data of other jobs, intents, acceptances, results, refunds and
 * receipts. Each of them contains it as `version`. To change a persisted shape, raise this number and add the step
 * from the old number to {@link UPGRADES}.
 */
export const DATA_VERSION = 3 as const;

/** The names of the persisted shapes. */
export type PersistedKind =
  | 'checkpoint'
  | 'submit-job'
  | 'store-job'
  | 'webhook-job'
  | 'webhook-dead-letter'
  | 'dead-letter'
  | 'cancel-marker'
  | 'stop'
  | 'maintenance-job'
  | 'intent'
  | 'release'
  | 'statement'
  | 'acceptance'
  | 'result'
  | 'refund'
  | 'receipt'
  | 'restore-job'
  | 'journal-entry'
  | 'cancel-request'
  | 'upload'
  | 'audit-entry'
  | 'discard'
  | 'redrive-job'
  | 'redrive-plan'
  | 'redrive-part'
  | 'redrive-marks'
  | 'redrive-control'
  | 'redrive-record'
  | 'catalogue-job'
  | 'catalogue-request'
  | 'catalogue-plan'
  | 'catalogue-item'
  | 'catalogue-begun'
  | 'catalogue-lock'
  | 'catalogue-control'
  | 'catalogue-summary'
  | 'catalogue-schedule'
  | 'catalogue-night'
  | 'catalogue-alarm'
  | 'catalogue-alarm-webhook'
  | 'api-key'
  | 'key-revocation'
  | 'budget'
  | 'pause'
  | 'pass'
  | 'reconciliation'
  | 'limit-override'
  | 'drain'
  | 'worker'
  | 'run'
  | 'run-closing'
  | 'run-end'
  | 'run-job'
  | 'batch'
  | 'batch-check'
  | 'batch-cancel'
  | 'batch-end'
  | 'batch-job'
  | 'file';

type Persisted = Record<string, unknown>;

/** `upgrades[1]` changes data of version 1 into version 2, and so on. Kinds that did not change are left out. */
export type Upgrades = Record<number, Partial<Record<PersistedKind, (value: Persisted) => Persisted>>>;

const UPGRADES: Upgrades = {
  1: {
    checkpoint: upgradePurchases,
    receipt: (receipt) => upgradeCost(upgradePurchases(receipt)),
    'dead-letter': (letter) => upgradeCost(upgradePurchases(letter)),
  },
};

interface PurchaseBefore2 {
  refunded: boolean;
}

/** Version 1 knew of a purchase only whether it was refunded. It did not record unknown purchases. */
function upgradePurchases(value: Persisted): Persisted {
  const purchases = value['purchases'] as PurchaseBefore2[];
  return {
    ...value,
    purchases: purchases.map(({ refunded, ...purchase }) => ({
      ...purchase,
      outcome: refunded ? 'refunded' : 'accepted',
    })),
  };
}

/** Version 1 had one amount. */
function upgradeCost({ costMicros: _, ...value }: Persisted): Persisted {
  return { ...value, cost: sumCost(value['purchases'] as Purchase[]) };
}

/**
 * A newer Darkroom has written the data. This is normal during a rolling update: leave the data alone, a newer process
 * handles it.
 */
export class NewerDataError extends Error {
  readonly code = 'newer_data';
  constructor(kind: PersistedKind, version: number) {
    super(
      `A ${kind} has version ${version}; this process reads versions up to ${DATA_VERSION}. Update this process.`,
    );
    this.name = 'NewerDataError';
  }
}

/**
 * Upgrades persisted data of any known version to {@link DATA_VERSION}, so that schemas and readers know only the
 * present shape.
 *
 * @returns the value itself when it has the present version, or no version: its schema rejects that.
 * @throws {NewerDataError} for data of a later version.
 */
export function upgradePersisted(
  kind: PersistedKind,
  value: unknown,
  upgrades: Upgrades = UPGRADES,
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  let data = value as Persisted;
  const from = data['version'];
  if (typeof from !== 'number') return value;
  if (from > DATA_VERSION) throw new NewerDataError(kind, from);
  for (let version = from; version < DATA_VERSION; version += 1) {
    data = { ...(upgrades[version]?.[kind]?.(data) ?? data), version: version + 1 };
  }
  return data;
}
