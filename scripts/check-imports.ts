import { parseArgs } from 'node:util';
import { findViolations, printGraph, readSourceTree } from './imports/index.ts';
import { root } from './program.ts';

// Checks how the product's files import each other, types included:
//
// - no cycle among the files and subfolders of any folder;
// - a folder is imported through its index.ts;
// - packages import each other by name, and @darkroom/shared by subpath;
// - the worker's stages do not import each other.
//
// oxlint finds cycles of files, but it knows neither folders nor their index.ts. TypeScript 7 has no JavaScript API, so
// the tools that know folders (dependency-cruiser, madge) see no imports in this repository.
//
// `--graph` prints the folders of each package in layers instead.

const { values } = parseArgs({ options: { graph: { type: 'boolean', default: false } } });
const packages = readSourceTree(root);
if (values.graph) {
  console.log(packages.map(printGraph).join('\n\n'));
} else {
  const violations = findViolations(packages);
  for (const [name, group] of Map.groupBy(violations, (violation) => violation.package)) {
    console.log(`${name}: ${group.length}`);
    for (const { rule, message } of group) console.log(`  ${rule}: ${message}`);
  }
  const files = packages.reduce((sum, one) => sum + one.files.size, 0);
  console.log(`${files} files, ${violations.length} violations`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
