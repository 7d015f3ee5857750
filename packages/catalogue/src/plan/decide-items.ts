import {
  compareInputs,
  createInputs,
  hashInputs,
  type InputName,
  type Inputs,
  type Item,
  type ReferenceDigests,
} from '../items/index.ts';
import { type ManifestEntry, type ManifestReader, mayBePaid } from '../manifest/index.ts';
import { FatalProblem, type Problem } from '../problems.ts';
import type { Review, ReviewIndex } from '../reviews/index.ts';
import {
  createReadRows,
  findInvalidRows,
  type InvalidItem,
  type ListInput,
  listItems,
  type ReadRows,
  report,
} from './list-items.ts';
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
  /** The last run failed to get its image, which may be paid for: a redrive of its render gets it without a purchase. */
  | (Wanted & { kind: 'leave'; previous: ManifestEntry })
  /** Its row is not valid. It is not bought, and keeps the image that it has. */
  | {
      kind: 'quarantine';
      item: Pick<Item, 'key' | 'view' | 'name' | 'line'>;
      /** Without an image if the image is gone. */
      previous: ManifestEntry | undefined;
      /** With an empty prompt: no image is made from it. */
      inputs: Inputs;
      hash: string;
      problem: Problem;
    }
  /** The source does not have it any more. */
  | { kind: 'remove'; previous: ManifestEntry };

/** What the manifest says about the inputs of an image that was bought or kept by a decision. */
export function createManifestInputs(
  decision: Exclude<Decision, { kind: 'remove' }>,
): Pick<ManifestEntry, 'hash' | 'inputs' | 'source_hash'> {
  if (decision.kind === 'quarantine') {
    const { previous, hash, inputs } = decision;
    if (!previous) return { hash, inputs: inputs as ManifestEntry['inputs'] };
    const { source_hash } = previous;
    const before = { hash: previous.hash, inputs: previous.inputs };
    return source_hash === undefined ? before : { ...before, source_hash };
  }
  const { hash, inputs, sourceHash, item } = decision;
  if (decision.kind === 'buy')
    return {
      hash,
      inputs: { ...inputs, format: item.format },
      ...(sourceHash === hash ? {} : { source_hash: sourceHash }),
    };
  // The image is that of a run before, and so is what it was made from.
  const { previous } = decision;
  const before = { hash: previous.hash, inputs: previous.inputs };
  return sourceHash === previous.hash ? before : { ...before, source_hash: sourceHash };
}

export interface DecideInput extends ListInput {
  /** The last good manifest. Undefined: every item is new. */
  manifest: ManifestReader | undefined;
  references: ReferenceDigests;
  reviews: ReviewIndex;
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
  const { manifest, problems, quarantine, reviews } = input;
  if (quarantine) await findInvalidRows({ ...input, quarantine });
  if (quarantine && problems.count > 0) return;
  const { onRow: _, ...listed } = input;
  const read = createReadRows();
  // With a quarantine, the rows are counted already.
  const items = listItems(quarantine ? listed : input, read);
  let keyless: InvalidItem | undefined;
  const decisions = mapInOrder(items, AHEAD, async (found): Promise<Decision | undefined> => {
    // After a problem, nothing is bought, so no image needs to be read.
    if (problems.count > 0 || quarantine?.isOver) return undefined;
    if (found.kind === 'invalid') {
      if (found.item.key === '') keyless ??= found.item;
      return await quarantineItem(found.item, manifest?.take(found.item), input);
    }
    const { item } = found;
    const digests = await readDigests(item, input);
    const previous = manifest?.take(item);
    if (typeof digests === 'string') {
      const problem: Problem = { in: 'source', line: item.line, field: 'references', message: digests };
      return quarantine ? await quarantineItem({ ...item, problem }, previous, input) : undefined;
    }
    const review = reviews.find(item);
    const decision = compare(createWanted(item, digests, review), previous, review);
    return (await isImageLost(decision, input.hasImage)) ? buyAgain(decision) : decision;
  });
  for await (const decision of decisions) if (decision) yield decision;
  if (quarantine?.isOver) quarantine.stop(problems);
  if (problems.count > 0) return;
  for (const previous of manifest?.listRemoved() ?? []) {
    if (keyless && previous.image && read.keys.get(previous.key) === undefined)
      yield await keepForKeyless(keyless, previous, input, read);
    else yield { kind: 'remove', previous };
  }
}

/** @param name of the image that it keeps */
async function quarantineItem(
  { key, view, name, line, problem }: InvalidItem,
  previous: ManifestEntry | undefined,
  { rules, hasImage }: DecideInput,
): Promise<Decision> {
  const { model, size = null, resolution } = rules.file.config;
  const inputs = { prompt: '', model, size, resolution, format: rules.format, references: [] };
  const isLost = previous?.image && hasImage && !(await hasImage(previous.image));
  const kept = isLost ? { ...previous, image: null } : previous;
  const item = { key, view, name: kept?.image ? name : '', line };
  return { kind: 'quarantine', item, previous: kept, inputs, hash: hashInputs(inputs), problem };
}

/** A row without a valid key may be any product that the source does not have, so none of them loses its image. */
async function keepForKeyless(
  { line }: InvalidItem,
  previous: ManifestEntry,
  input: DecideInput,
  { names }: ReadRows,
): Promise<Decision> {
  const { key, view, name } = previous;
  const message = `the source has no row with this key, and the row of line ${line} has no valid key: it may be this product`;
  const problem: Problem = { in: 'source', line, field: input.rules.file.config.key, message };
  const other = names.get(name.toLowerCase());
  if (other !== undefined)
    report(
      input.problems,
      other,
      'image_name',
      `the product ${JSON.stringify(key)} has an image with this name: ${name}. It may be the row of line ${line}, which has no valid key`,
    );
  return await quarantineItem({ key, view, name, line, problem }, previous, input);
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
  // Nothing is known of what a quarantined item without an image had been.
  const isUnknown = previous.status === 'quarantined' && !previous.image;
  if (!isSame && !isUnknown) return { kind: 'buy', reason: 'changed', previous, changes, ...wanted };
  if (!previous.image) {
    // Another prompt of a review is a wish to buy it.
    const hasOtherPrompt = wanted.hash !== wanted.sourceHash && wanted.hash !== previous.hash;
    if (mayBePaid(previous) && !hasOtherPrompt) return { kind: 'leave', previous, ...wanted };
    return { kind: 'buy', reason: 'no_image', previous, changes, ...wanted };
  }
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

/** @returns the digests, or why a reference image cannot be read */
async function readDigests(
  item: Item,
  { references, problems, quarantine }: DecideInput,
): Promise<string[] | string> {
  const digests: string[] = [];
  for (const reference of item.references) {
    try {
      digests.push(await references.digest(reference));
    } catch (error) {
      if (!(error instanceof FatalProblem)) throw error;
      const { message } = error.problem;
      report(quarantine ?? problems, item.line, 'references', message);
      return message;
    }
  }
  return digests;
}
