import type { Import } from './source-tree.ts';

/** The files and subfolders of one folder, and the imports between them. A subfolder stands for all that is below it. */
export interface FolderGraph {
  folder: string;
  /** Names of files and subfolders: `stage.ts`, `submit`. */
  nodes: string[];
  arrows: Arrow[];
}

export interface Arrow {
  from: string;
  to: string;
  /** The imports that make it: at least one. */
  imports: Import[];
}

/** The graph of one folder, made from the imports between files anywhere below it. */
export function folderGraph(folder: string, files: Iterable<string>, imports: Import[]): FolderGraph {
  const prefix = `${folder}/`;
  const childOf = (file: string) => file.slice(prefix.length).split('/')[0] ?? '';
  const below = [...files].filter((file) => file.startsWith(prefix));
  const arrows = new Map<string, Arrow>();
  for (const one of imports) {
    if (!one.from.startsWith(prefix) || !one.to?.startsWith(prefix)) continue;
    const [from, to] = [childOf(one.from), childOf(one.to)];
    if (from === to) continue;
    const arrow = arrows.get(`${from} ${to}`) ?? { from, to, imports: [] };
    arrow.imports.push(one);
    arrows.set(`${from} ${to}`, arrow);
  }
  return { folder, nodes: [...new Set(below.map(childOf))].sort(), arrows: [...arrows.values()] };
}

/** The groups of nodes that reach each other: each is one or more cycles. */
export function findCycles(graph: FolderGraph): string[][] {
  const reach = new Map(graph.nodes.map((node) => [node, reachable(graph, node)]));
  const cycles = new Map<string, string[]>();
  for (const node of graph.nodes) {
    const group = graph.nodes.filter((other) => reach.get(node)?.has(other) && reach.get(other)?.has(node));
    if (group.length > 1) cycles.set(group.join(' '), group);
  }
  return [...cycles.values()];
}

function reachable(graph: FolderGraph, start: string): Set<string> {
  const found = new Set([start]);
  // A Set also iterates over what is added meanwhile.
  for (const node of found) {
    for (const arrow of graph.arrows) if (arrow.from === node) found.add(arrow.to);
  }
  return found;
}

/** Layers from the top: a node imports only nodes of lower layers. The nodes of a cycle share a layer. */
export function layersOf(graph: FolderGraph): string[][] {
  const cycles = findCycles(graph);
  const groupOf = (node: string) => cycles.find((cycle) => cycle.includes(node))?.join(' ') ?? node;
  const depths = new Map<string, number>();
  const depth = (group: string): number => {
    const known = depths.get(group);
    if (known !== undefined) return known;
    const above = graph.arrows.filter(({ from, to }) => groupOf(to) === group && groupOf(from) !== group);
    const result = Math.max(-1, ...above.map(({ from }) => depth(groupOf(from)))) + 1;
    depths.set(group, result);
    return result;
  };
  const layers: string[][] = [];
  for (const node of graph.nodes) (layers[depth(groupOf(node))] ??= []).push(node);
  return layers;
}
