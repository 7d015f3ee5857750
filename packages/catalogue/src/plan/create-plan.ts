import { type CatalogueFile, parseCatalogueFile } from '../file/index.ts';
import { createReferenceDigests, createRules, type Item, type Rules } from '../items/index.ts';
import {
  type LastManifest,
  type ManifestEntry,
  type ManifestReader,
  openManifest,
} from '../manifest/index.ts';
import { createProblemList, FatalProblem, type Problem, type ProblemList } from '../problems.ts';
import { NO_REVIEWS, type ReviewIndex } from '../reviews/index.ts';
import { type LocationDeps, type SourceSnapshot, takeSnapshot } from '../source/index.ts';
import { type Decision, decideItems } from './decide-items.ts';
import { type Forecast, type ForecastFacts, forecastFinish } from './forecast.ts';
import { checkGuards, type Guard, type GuardName } from './guards.ts';
import { createDecisionDigest, PLAN_VERSION, type PlanFile } from './plan-file.ts';
import { createQuarantine, type Quarantine } from './quarantine.ts';
import { createTally, type FindPrice, type LeftItem, type Sample } from './tally.ts';

export interface PlanInput {
  /** The bytes of the catalogue file. */
  file: Uint8Array;
  /** The tenant of the catalogue, if its file names none. */
  tenant: string;
  /** For copies of the source and of the manifest. The caller removes it. */
  workFolder: string;
  locations: LocationDeps;
  /** Finds the last good manifest. Not called when the catalogue file has a problem. */
  findManifest(config: CatalogueFile['config']): Promise<LastManifest>;
  /** Finds the reviews of the catalogue. Called after {@link findManifest}. */
  findReviews(config: CatalogueFile['config']): Promise<ReviewIndex>;
  findPrice: FindPrice;
  /** How often a render that fails is bought again, at most. */
  maxPurchases: number;
  accepted: readonly GuardName[];
  forecast: ForecastFacts;
  /**
   * Gets every decision while the plan is made, one after the other: the next waits for the promise. A plan with problems
   * must not be executed.
   */
  onDecision?(decision: Decision): void | Promise<void>;
  /** As in {@link decideItems}. */
  hasImage?(image: NonNullable<ManifestEntry['image']>): Promise<boolean>;
}

export interface Plan {
  file: PlanFile;
  source: Pick<SourceSnapshot, 'sha256' | 'bytes'>;
  forecast: Forecast;
  samples: Sample[];
  guards: Guard[];
  /** The rows that are not valid, and what is wrong with them. */
  quarantine: { rows: number; count: number; listed: readonly Problem[] };
  /** The items that are not bought again, because their images may be paid for; the first of them. */
  left: { items: number; listed: readonly LeftItem[] };
  /** Whether the price is above the budget of the file. */
  isOverBudget: boolean;
}

export type PlanResult = { kind: 'planned'; plan: Plan } | { kind: 'problems'; problems: ProblemList };

/** Plans a run: what it would buy, why and for how much. Buys nothing. @throws for anything but problems of the input */
export async function createPlan(input: PlanInput): Promise<PlanResult> {
  const problems = createProblemList();
  const loaded = await load(input, problems);
  if (!loaded) return { kind: 'problems', problems };
  const { rules, snapshot } = loaded;
  const { config } = rules.file;
  const last = await input.findManifest(config);
  const reviews = await input.findReviews(config);
  let manifest: ManifestReader | undefined;
  try {
    if (last.kind === 'found') manifest = await openManifest(last.path);
    const plan = await decideAll(input, rules, snapshot, { last, manifest, reviews }, problems);
    return plan ? { kind: 'planned', plan } : { kind: 'problems', problems };
  } catch (error) {
    if (!(error instanceof FatalProblem)) throw error;
    problems.addFatal(error);
    return { kind: 'problems', problems };
  } finally {
    manifest?.close();
  }
}

export interface CheckResult {
  problems: ProblemList;
  rows: number;
  items: number;
  /** The rows that are not valid, and are not problems because of `guards.max_quarantined_rows`. */
  quarantine: Plan['quarantine'];
}

/** Checks a catalogue file and every row of its source. Reads no reference images and no manifest. */
export async function checkCatalogue(
  input: Pick<PlanInput, 'file' | 'workFolder' | 'locations'> & { onItem?(item: Item): void },
): Promise<CheckResult> {
  const problems = createProblemList();
  const result: CheckResult = { problems, rows: 0, items: 0, quarantine: describeQuarantine(undefined) };
  const loaded = await load(input, problems);
  if (!loaded) return result;
  const quarantine = openQuarantine(loaded.rules);
  const decisions = decideItems({
    ...loaded,
    manifest: undefined,
    references: createReferenceDigests('address', input.locations),
    reviews: NO_REVIEWS,
    problems,
    quarantine,
    onRow: () => {
      result.rows += 1;
    },
  });
  try {
    for await (const decision of decisions) {
      result.items += 1;
      if (decision.kind === 'buy' || decision.kind === 'keep') input.onItem?.(decision.item);
    }
  } catch (error) {
    if (!(error instanceof FatalProblem)) throw error;
    problems.addFatal(error);
  }
  if (problems.count === 0) result.quarantine = describeQuarantine(quarantine);
  return result;
}

const openQuarantine = ({ file }: Rules): Quarantine | undefined => {
  const limit = file.config.guards.max_quarantined_rows;
  return limit > 0 ? createQuarantine(limit) : undefined;
};

const describeQuarantine = (quarantine: Quarantine | undefined): Plan['quarantine'] =>
  quarantine
    ? { rows: quarantine.rows, count: quarantine.problems.count, listed: quarantine.problems.listed }
    : { rows: 0, count: 0, listed: [] };

/** Reads the catalogue file and copies its source. */
async function load(
  { file, workFolder, locations }: Pick<PlanInput, 'file' | 'workFolder' | 'locations'>,
  problems: ProblemList,
): Promise<{ rules: Rules; snapshot: SourceSnapshot } | undefined> {
  const parsed = parseCatalogueFile(file, problems);
  const rules = parsed && createRules(parsed, problems);
  if (!rules) return undefined;
  try {
    const snapshot = await takeSnapshot(rules.file.config.source.path, workFolder, locations);
    return { rules, snapshot };
  } catch (error) {
    if (!(error instanceof FatalProblem)) throw error;
    problems.addFatal(error);
    return undefined;
  }
}

/** What the plan compares with. */
interface Previous {
  last: LastManifest;
  manifest: ManifestReader | undefined;
  reviews: ReviewIndex;
}

async function decideAll(
  input: PlanInput,
  rules: Rules,
  snapshot: SourceSnapshot,
  { last, manifest, reviews }: Previous,
  problems: ProblemList,
): Promise<Plan | undefined> {
  const { config, sha256 } = rules.file;
  const tally = createTally(input.findPrice);
  const digest = createDecisionDigest();
  const quarantine = openQuarantine(rules);
  let rows = 0;
  const decisions = decideItems({
    rules,
    snapshot,
    manifest,
    references: createReferenceDigests(config.reference_digest, input.locations),
    reviews,
    problems,
    quarantine,
    ...(input.hasImage ? { hasImage: input.hasImage } : {}),
    onRow: () => {
      rows += 1;
    },
  });
  for await (const decision of decisions) {
    tally.add(decision);
    const { key, view } = decision.kind === 'remove' ? decision.previous : decision.item;
    digest.add(decision.kind, key, view, decision.kind === 'remove' ? '' : decision.hash);
    await input.onDecision?.(decision);
  }
  if (problems.count > 0) return undefined;
  const { buy, unchanged, quarantined, left, removed, priceMicros, unpriced, samples } = tally.read();
  const purchases = buy.new + buy.no_image + buy.changed + buy.rejected;
  const { now } = input.forecast;
  const guards = checkGuards(
    {
      now,
      modifiedAt: snapshot.modifiedAt,
      rows,
      changed: buy.new + buy.changed,
      previous: manifest && { rows: manifest.rows, items: manifest.items },
      missingManifest: last.kind === 'missing' ? last.reason : undefined,
      unpriced,
    },
    config.guards,
    input.accepted,
  );
  const priced = (micros: number) => (unpriced.length > 0 ? null : (micros / 1e6).toFixed(3));
  return {
    file: {
      version: PLAN_VERSION,
      catalogue: config.name,
      tenant: config.tenant ?? input.tenant,
      created_at: new Date(now).toISOString(),
      catalogue_sha256: sha256,
      source_sha256: snapshot.sha256,
      manifest_sha256: manifest?.sha256 ?? null,
      decisions_sha256: digest.read(),
      rows,
      items: purchases + unchanged + quarantined + left.items,
      buy,
      unchanged,
      quarantined,
      left: left.items,
      removed,
      price: priced(priceMicros),
      possible_price: priced(priceMicros * input.maxPurchases),
      guards,
    },
    source: { sha256: snapshot.sha256, bytes: snapshot.bytes },
    forecast: forecastFinish(purchases, input.forecast, config),
    samples,
    guards,
    quarantine: describeQuarantine(quarantine),
    left,
    isOverBudget: config.budget !== undefined && priceMicros > config.budget * 1e6,
  };
}
