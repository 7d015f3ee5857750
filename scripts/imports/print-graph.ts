import { folderGraph, layersOf } from './folder-graph.ts';
import type { SourcePackage } from './source-tree.ts';

/**
 * The files and folders at the root of a package's source, in layers: each imports only what stands below it.
 *
 *     apps/worker: 12 folders, 6 files, 45 arrows
 *       1  main.ts          → start-worker.ts
 *       2  start-worker.ts  → bullmq health submit
 */
export function printGraph({ name, source, files, imports }: SourcePackage): string {
  const graph = folderGraph(source, files, imports);
  const fileCount = graph.nodes.filter((node) => node.endsWith('.ts')).length;
  const width = Math.max(...graph.nodes.map((node) => node.length));
  const lines = layersOf(graph).flatMap((layer, depth) =>
    layer.map((node, at) => {
      const targets = graph.arrows.filter(({ from }) => from === node).map(({ to }) => to);
      const arrow = targets.length > 0 ? ` → ${targets.sort().join(' ')}` : '';
      return `  ${(at === 0 ? `${depth + 1}` : '').padStart(2)}  ${node.padEnd(width)}${arrow}`.trimEnd();
    }),
  );
  const counts = `${graph.nodes.length - fileCount} folders, ${fileCount} files, ${graph.arrows.length} arrows`;
  return [`${name}: ${counts}`, ...lines].join('\n');
}
