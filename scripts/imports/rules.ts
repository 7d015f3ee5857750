import { dirname, relative } from 'node:path';
import { type Arrow, findCycles, folderGraph } from './folder-graph.ts';
import type { Import, SourcePackage } from './source-tree.ts';

export type Rule =
  | 'cycle'
  | 'deep import'
  | 'no index.ts'
  | 'leaves its package'
  | 'root import'
  | 'siblings';

export interface Violation {
  rule: Rule;
  package: string;
  /** Names both files and what to do. */
  message: string;
}

/** The stages of a render. They share what is below them and do not know each other. */
const SIBLINGS = ['render', 'submit', 'store-image', 'webhooks'].map((stage) => `apps/worker/src/${stage}`);

/** Packages that only have subpath exports. */
const NO_ROOT_EXPORT = ['@darkroom/shared'];

/** @param siblings folders that must not import each other */
export function findViolations(packages: SourcePackage[], siblings: string[] = SIBLINGS): Violation[] {
  return packages.flatMap((one) => {
    const folders = foldersOf(one);
    const found = (rule: Rule) => (message: string) => ({ rule, package: one.name, message });
    return [
      ...cycles(one, folders).map(found('cycle')),
      ...one.imports.flatMap((from) => deepImport(one, folders, from).map(found('deep import'))),
      ...withoutIndex(one, folders).map(found('no index.ts')),
      ...one.imports.flatMap((from) => leavesPackage(one, from).map(found('leaves its package'))),
      ...one.imports.flatMap((from) => rootImport(from).map(found('root import'))),
      ...siblingImports(one, folders, siblings).map(found('siblings')),
    ];
  });
}

/** Every folder of the source, its root first. */
function foldersOf({ source, files }: SourcePackage): string[] {
  const folders = new Set([source]);
  for (const file of files) {
    for (let folder = dirname(file); folder.length > source.length; folder = dirname(folder))
      folders.add(folder);
  }
  return [...folders].sort();
}

function cycles({ files, imports }: SourcePackage, folders: string[]): string[] {
  return folders.flatMap((folder) => {
    const graph = folderGraph(folder, files, imports);
    return findCycles(graph).map((members) => {
      const arrows = graph.arrows.filter(({ from, to }) => members.includes(from) && members.includes(to));
      return [
        `${folder}: ${members.join(', ')} import each other in a cycle.`,
        ...arrows.map(describeArrow),
        'Move what they share into a file or folder that imports none of them.',
      ].join('\n    ');
    });
  });
}

function describeArrow({ from, to, imports: [first, ...more] }: Arrow): string {
  const others = more.length > 0 ? ` (and ${more.length} more)` : '';
  return `${from} → ${to}: ${first?.from} imports ${first?.to}${others}`;
}

/** The outermost folder around `to` that does not contain `from`. */
function enteredFolder(folders: string[], { from, to }: Import): string | undefined {
  return folders.find((folder) => to?.startsWith(`${folder}/`) && !from.startsWith(`${folder}/`));
}

function deepImport({ files }: SourcePackage, folders: string[], one: Import): string[] {
  const folder = enteredFolder(folders, one);
  const index = `${folder}/index.ts`;
  if (folder === undefined || one.to === index || !files.has(index)) return [];
  return [
    `${one.from} imports ${one.to}, past ${index}. ` +
      `Import from '${relativeSpecifier(one.from, index)}'; export the name there if it is missing.`,
  ];
}

function withoutIndex({ files, imports }: SourcePackage, folders: string[]): string[] {
  const from = new Map<string, Import>();
  for (const one of imports) {
    const folder = enteredFolder(folders, one);
    if (folder !== undefined && !files.has(`${folder}/index.ts`)) from.set(folder, one);
  }
  return [...from].map(
    ([folder, one]) =>
      `${folder} has no index.ts, but ${one.from} imports ${one.to}. Add an index.ts with a map of the folder.`,
  );
}

function leavesPackage({ source }: SourcePackage, { from, to }: Import): string[] {
  if (to === undefined || to.startsWith(`${source}/`)) return [];
  return [`${from} imports ${to}, which is outside of ${source}. Import it by the name of its package.`];
}

function rootImport({ from, specifier }: Import): string[] {
  if (!NO_ROOT_EXPORT.includes(specifier)) return [];
  return [`${from} imports '${specifier}'. Import a subpath, such as '${specifier}/render'.`];
}

function siblingImports({ source, imports }: SourcePackage, folders: string[], siblings: string[]): string[] {
  const here = siblings.filter((folder) => folder.startsWith(`${source}/`));
  // Without this, the rule would stop to apply to a folder that is renamed.
  const missing = here
    .filter((folder) => !folders.includes(folder))
    .map((folder) => `${folder} does not exist. Correct SIBLINGS in scripts/imports/rules.ts.`);
  const siblingOf = (file: string | undefined) => here.find((folder) => file?.startsWith(`${folder}/`));
  const between = imports.filter(({ from, to }) => {
    const [one, other] = [siblingOf(from), siblingOf(to)];
    return one !== undefined && other !== undefined && one !== other;
  });
  return [
    ...missing,
    ...between.map(
      ({ from, to }) =>
        `${from} imports ${to}. Stages do not import each other: move what they share into a folder below both.`,
    ),
  ];
}

function relativeSpecifier(from: string, to: string): string {
  const path = relative(dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}
