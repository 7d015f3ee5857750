import TinyQueue from 'tinyqueue';

/** A priority queue of (at, item). The item that is due first comes out first. */
export class DueHeap<T> {
  readonly #nodes = new TinyQueue<{ at: number; item: T }>([], (one, other) => one.at - other.at);

  get nextAt(): number | undefined {
    return this.#nodes.peek()?.at;
  }

  push(at: number, item: T): void {
    this.#nodes.push({ at, item });
  }

  /** Removes and returns the first item if it is due. */
  popDue(now: number): T | undefined {
    const first = this.#nodes.peek();
    return first !== undefined && first.at <= now ? this.#nodes.pop()?.item : undefined;
  }

  /** Removes first items as long as `isObsolete` accepts them. */
  dropWhile(isObsolete: (item: T, at: number) => boolean): void {
    for (let first = this.#nodes.peek(); first !== undefined; first = this.#nodes.peek()) {
      if (!isObsolete(first.item, first.at)) return;
      this.#nodes.pop();
    }
  }
}
