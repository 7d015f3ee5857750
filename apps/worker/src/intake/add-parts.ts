/** Renders of one run or batch that are in the queue and have not ended. The next part waits for them. */
const MAX_PENDING = 2_000;

export interface PartSource {
  /** Renders of a part at most. */
  readonly partSize: number;
  /** Renders that are in the queue and have not ended. */
  countPending(): number;
  /** Whether nothing more may be bought: a deadline may pass, or a cancel may come, while parts are added. */
  isStopped(): Promise<boolean>;
  /** Adds the renders of a part. It marks the part first: a part without a mark was never added. */
  add(part: number): Promise<void>;
}

/** Adds parts in their order, while there is room. @returns how many */
export async function addParts(
  parts: Iterable<number>,
  { partSize, countPending, isStopped, add }: PartSource,
  signal: AbortSignal,
): Promise<number> {
  let added = 0;
  for (const part of parts) {
    signal.throwIfAborted();
    if (countPending() + partSize > MAX_PENDING || (await isStopped())) break;
    await add(part);
    added += 1;
  }
  return added;
}
