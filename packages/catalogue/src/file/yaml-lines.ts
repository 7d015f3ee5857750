import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  type LineCounter,
  type Node,
  type Scalar,
} from 'yaml';

/** Finds the lines of a YAML document, from 1. */
export interface YamlLines {
  /** The line of a field's name. For a path that does not exist, the line of its nearest parent. */
  ofField(path: readonly PropertyKey[]): number;
  /** The line in the file of a line of a text, from 1: of a prompt that has several. */
  ofText(path: readonly PropertyKey[], textLine: number): number;
}

export function createYamlLines(document: Document, counter: LineCounter): YamlLines {
  const at = (offset: number | undefined) => (offset === undefined ? 1 : counter.linePos(offset).line);
  const ofField = (path: readonly PropertyKey[]): number => {
    if (path.length === 0) return at((document.contents as Node | null)?.range?.[0]);
    const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    const last = path.at(-1);
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(last));
      if (isPair(pair) && isNode(pair.key)) return at(pair.key.range?.[0]);
    }
    const node = document.getIn(path, true);
    return isNode(node) ? at(node.range?.[0]) : ofField(path.slice(0, -1));
  };
  return {
    ofField,
    ofText(path, textLine) {
      const node = document.getIn(path, true) as Scalar | undefined;
      if (!isScalar(node)) return ofField(path);
      // The text of a block begins below its `|`.
      const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
      return at(node.range?.[0]) + (isBlock ? textLine : node.type === 'PLAIN' ? 0 : textLine - 1);
    },
  };
}
