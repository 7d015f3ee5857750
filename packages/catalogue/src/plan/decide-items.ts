import type { CatalogueConfig } from '../file/index.ts';
import {
  checkColumns,
  compareInputs,
  createInputs,
  expandRow,
  hashInputs,
  type InputName,
  type Inputs,
  type Item,
  type ReferenceDigests,
  type Rules,
} from '../items/index.ts';
import { createDigestTable, type ManifestEntry, type ManifestReader } from '../manifest/index.ts';
import { FatalProblem, type ProblemList } from '../problems.ts';
import type { Review, ReviewIndex } from '../reviews/index.ts';
import { type Row, readRows, type SourceSnapshot } from '../source/index.ts';
import { mapInOrder } from './map-in-order.ts';

/** Why an item is bought. */
export type BuyReason =
  /** The last good manifest does not have it. */
  | 'new'
  /** The last good manifest has it, but there is no image of it, or the image is gone or damaged. */
  | 'no_image'
  /** Some of its inputs are others now. */
  | 'changed'
  /** An operator rejected its image. */
  | 'rejected';

interface Wanted {
  item: Item;
  inputs: Inputs;
  hash: string;
  /** The hash with the prompt of the catalogue. It differs from `hash` if a review gave another prompt. */
  sourceHash: string;
}

/** What a run does with one item. */
export type Decision =
  | (Wanted & {
      kind: 'buy';
      reason: BuyReason;
      /** Absent with the reason `new`. */
      previous: ManifestEntry | undefined;
      /** The inputs that changed. Empty if all are the same, or if the way of hashing changed. */
      changes: InputName[];
    })
  | (Wanted & { kind: 'keep'; previous: ManifestEntry })
  /** The source does not have it any more. */
  | { kind: 'remove'; previous: ManifestEntry };

/** What the manifest says about the inputs of an image that was bought or kept by a decision. */
export function createManifestInputs(
  decision: Exclude<Decision, { kind: 'remove' }>,
): Pick<ManifestEntry, 'hash' | 'inputs' | 'source_hash'> {
  const { hash, inputs, sourceHash, item } = decision;
  if (decision.kind === 'buy')
    return {
      hash,
      inputs: { ...inputs, format: item.format },
      ...(sourceHash === hash ? {} : { source_hash: sourceHash }),
    };
  // The image is that of the run before, and so is what it was made from.
  const { previous } = decision;
  const before = { hash: previous.hash, inputs: previous.inputs };
  return sourceHash === previous.hash ? before : { ...before, source_hash: sourceHash };
}

export interface DecideInput {
  rules: Rules;
  snapshot: Pick<SourceSnapshot, 'path'>;
  /** The last good manifest. Undefined: every item is new. */
  manifest: ManifestReader | undefined;
  references: ReferenceDigests;
  reviews: ReviewIndex;
  problems: ProblemList;
  /** Gets each row that was read, valid or not. */
  onRow?(): void;
  /** Whether the store still has this image, undamaged. @default every image of the manifest is believed to be there */
  hasImage?(image: StoredImage): Promise<boolean>;
}

type StoredImage = NonNullable<ManifestEntry['image']>;

/** Items whose reference images and stored images are read at the same time. */
const AHEAD = 16;

/**
 * Decides about every item of a source, in its order, then about the items that it lost. Memory does not grow with the
 * items, except for 100 to 200 bytes each.
 *
 * A caller that buys must read all decisions first: problems are complete only after the last one.
 *
 * @throws {FatalProblem} when the rest of the source cannot be read
 */
export async function* decideItems(input: DecideInput): AsyncGenerator<Decision> {
  const { manifest, problems, references, reviews, hasImage } = input;
  const decisions = mapInOrder(listItems(input), AHEAD, async (item) => {
    // After a problem, nothing is bought, so no image needs to be read.
    if (problems.count > 0) return undefined;
    const digests = await readDigests(item, references, problems);
    if (!digests) return undefined;
    const review = reviews.find(item);
    const decision = compare(createWanted(item, digests, review), manifest?.take(item), review);
    return (await isImageLost(decision, hasImage)) ? buyAgain(decision) : decision;
  });
  for await (const decision of decisions) if (decision) yield decision;
  if (problems.count > 0) return;
  for (const previous of manifest?.listRemoved() ?? []) yield { kind: 'remove', previous };
}

/** What the item gets: the other prompt of its review counts while the catalogue wants what it wanted at the review. */
function createWanted(item: Item, digests: readonly string[], review: Review | undefined): Wanted {
  const inputs = createInputs(item, digests);
  const sourceHash = hashInputs(inputs);
  const prompt = review?.verdict === 'rejected' && review.source_hash === sourceHash ? review.prompt : null;
  if (prompt === null) return { item, inputs, hash: sourceHash, sourceHash };
  const other = { ...inputs, prompt };
  return { item: { ...item, prompt }, inputs: other, hash: hashInputs(other), sourceHash };
}

function compare(wanted: Wanted, previous: ManifestEntry | undefined, review: Review | undefined): Decision {
  if (!previous) return { kind: 'buy', reason: 'new', previous, changes: [], ...wanted };
  const changes = compareInputs(previous.inputs, wanted.inputs);
  const isSame =
    wanted.sourceHash === (previous.source_hash ?? previous.hash) || wanted.hash === previous.hash;
  if (!isSame) return { kind: 'buy', reason: 'changed', previous, changes, ...wanted };
  if (previous.status !== 'completed' || !previous.image)
    return { kind: 'buy', reason: 'no_image', previous, changes, ...wanted };
  // A review is about one image. Another image of the same item is not rejected.
  if (review?.verdict === 'rejected' && review.image_sha256 === previous.image.sha256)
    return { kind: 'buy', reason: 'rejected', previous, changes, ...wanted };
  return { kind: 'keep', previous, ...wanted };
}

async function isImageLost(decision: Decision, hasImage: DecideInput['hasImage']): Promise<boolean> {
  if (decision.kind !== 'keep' || !hasImage || !decision.previous.image) return false;
  return !(await hasImage(decision.previous.image));
}

const buyAgain = (decision: Decision): Decision =>
  decision.kind === 'keep' ? { ...decision, kind: 'buy', reason: 'no_image', changes: [] } : decision;

/** The items of a source. Adds a problem for each key and each image name that comes again. */
async function* listItems({ rules, snapshot, problems, onRow }: DecideInput): AsyncGenerator<Item> {
  const { source } = rules.file.config;
  const keys = createDigestTable();
  const names = createDigestTable();
  const rows = readRows(snapshot, source, problems, (columns) => checkColumns(rules, columns, problems));
  for await (const row of rows) {
    onRow?.();
    for (const item of expandUniqueRow(rules, row, keys, problems)) {
      // Most systems do not distinguish capital letters in names of files.
      const earlier = names.add(item.name.toLowerCase(), item.line);
      if (earlier === undefined) yield item;
      else if (earlier === item.line)
        report(problems, row, 'image_name', `two views have the name ${item.name}`);
      else report(problems, row, 'image_name', `line ${earlier} has the same image name: ${item.name}`);
    }
  }
}

function expandUniqueRow(
  rules: Rules,
  row: Row,
  keys: ReturnType<typeof createDigestTable>,
  problems: ProblemList,
): Item[] {
  const items = expandRow(rules, row, problems);
  const [first] = items;
  if (!first) return [];
  const earlier = keys.add(first.key, row.line);
  if (earlier === undefined) return items;
  const column: CatalogueConfig['key'] = rules.file.config.key;
  report(problems, row, column, `line ${earlier} has the same key: ${JSON.stringify(first.key)}`);
  return [];
}

const report = (problems: ProblemList, { line }: Pick<Row, 'line'>, field: string, message: string) =>
  problems.add({ in: 'source', line, field, message });

async function readDigests(
  item: Item,
  references: ReferenceDigests,
  problems: ProblemList,
): Promise<string[] | undefined> {
  const digests: string[] = [];
  for (const reference of item.references) {
    try {
      digests.push(await references.digest(reference));
    } catch (error) {
      if (!(error instanceof FatalProblem)) throw error;
      report(problems, item, 'references', error.problem.message);
      return undefined;
    }
  }
  return digests;
}
