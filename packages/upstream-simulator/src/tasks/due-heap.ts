/** A binary min-heap of (at, item). The item that is due first comes out first. */
export class DueHeap<T> {
  readonly #nodes: { at: number; item: T }[] = [];

  get nextAt(): number | undefined {
    return this.#nodes[0]?.at;
  }

  push(at: number, item: T): void {
    const nodes = this.#nodes;
    const node = { at, item };
    let index = nodes.push(node) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = nodes[above];
      if (parent === undefined || parent.at <= at) break;
      nodes[index] = parent;
      index = above;
    }
    nodes[index] = node;
  }

  /** Removes and returns the first item if it is due. */
  popDue(now: number): T | undefined {
    const nodes = this.#nodes;
    const first = nodes[0];
    if (first === undefined || first.at > now) return undefined;
    const last = nodes.pop();
    if (last !== undefined && nodes.length > 0) this.#sink(last);
    return first.item;
  }

  /** Removes first items as long as `isObsolete` accepts them. */
  dropWhile(isObsolete: (item: T, at: number) => boolean): void {
    for (let first = this.#nodes[0]; first !== undefined; first = this.#nodes[0]) {
      if (!isObsolete(first.item, first.at)) return;
      this.popDue(first.at);
    }
  }

  #sink(node: { at: number; item: T }): void {
    const nodes = this.#nodes;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      const leftNode = nodes[left];
      if (leftNode === undefined) break;
      const rightNode = nodes[right];
      const useRight = rightNode !== undefined && rightNode.at < leftNode.at;
      const smaller = useRight ? rightNode : leftNode;
      if (smaller.at >= node.at) break;
      nodes[index] = smaller;
      index = useRight ? right : left;
    }
    nodes[index] = node;
  }
}
