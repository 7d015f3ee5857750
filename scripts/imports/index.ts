// source-tree.ts   the product's packages, their files, and what each file imports
// folder-graph.ts  what the files and folders of one folder import of each other: cycles, layers
// rules.ts         the rules, and what to do where one is broken
// print-graph.ts   the folder graph of each package as text
export { printGraph } from './print-graph.ts';
export { findViolations } from './rules.ts';
export { readSourceTree } from './source-tree.ts';
