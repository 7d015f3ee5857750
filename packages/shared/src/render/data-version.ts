/**
 * The version of everything that Darkroom persists: checkpoints and the data of other jobs, intents, acceptances,
 * results and receipts. Each of them carries it as `version`. To change a persisted shape, raise this number and add
 * the step from the old number to {@link UPGRADES}.
 */
export const DATA_VERSION = 1;

/** What is persisted, by the name of its shape. */
export type PersistedKind =
  | 'checkpoint'
  | 'submit-job'
  | 'store-job'
  | 'webhook-job'
  | 'webhook-dead-letter'
  | 'dead-letter'
  | 'cancel-marker'
  | 'maintenance-job'
  | 'intent'
  | 'acceptance'
  | 'result'
  | 'receipt';

type Persisted = Record<string, unknown>;

/** `UPGRADES[1]` takes data of version 1 to version 2, and so on. A kind that did not change is left out. */
const UPGRADES: Record<number, Partial<Record<PersistedKind, (value: Persisted) => Persisted>>> = {};

/**
 * The data was written by a newer Darkroom. During a rolling update this is expected: leave the data alone, a newer
 * process handles it.
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
 * Brings persisted data of any known version to {@link DATA_VERSION}. Schemas and readers see only the present shape.
 *
 * @returns the value itself where it is of the present version, or no object with a version: its schema rejects that.
 * @throws {NewerDataError} for data of a later version.
 */
export function upgradePersisted(kind: PersistedKind, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  let data = value as Persisted;
  const from = data['version'];
  if (typeof from !== 'number') return value;
  if (from > DATA_VERSION) throw new NewerDataError(kind, from);
  for (let version = from; version < DATA_VERSION; version += 1) {
    data = { ...(UPGRADES[version]?.[kind]?.(data) ?? data), version: version + 1 };
  }
  return data;
}
