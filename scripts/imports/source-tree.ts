import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';

/** One import of a source file. All paths are relative to the root of the repository. */
export interface Import {
  from: string;
  /** As written: `./purchase.ts`, `@darkroom/shared/render`. */
  specifier: string;
  /** The imported file, for a relative import. */
  to: string | undefined;
}

export interface SourcePackage {
  /** `apps/worker`; `bench`. */
  name: string;
  /** The folder of its source: `apps/worker/src`; `bench`. */
  source: string;
  files: Set<string>;
  imports: Import[];
}

const SOURCES = ['apps/*/src', 'packages/*/src', 'bench'];

/** Reads the source of every app, every package and the benchmark, without their tests. */
export function readSourceTree(root: string): SourcePackage[] {
  const packages = globSync(SOURCES, { cwd: root })
    .sort()
    .map((source) => readPackage(root, source));
  // A check of nothing must not pass.
  if (packages.every(({ files }) => files.size === 0)) throw new Error(`no source files below ${root}`);
  return packages;
}

function readPackage(root: string, source: string): SourcePackage {
  const exclude = ['**/node_modules', '**/node_modules/**'];
  const files = globSync(`${source}/**/*.ts`, { cwd: root, exclude }).sort();
  return {
    name: source.replace(/\/src$/, ''),
    source,
    files: new Set(files),
    imports: files.flatMap((file) => readImports(root, file)),
  };
}

function readImports(root: string, file: string): Import[] {
  return findSpecifiers(file, readFileSync(join(root, file), 'utf8')).map((specifier) => {
    const to = specifier.startsWith('.') ? join(dirname(file), specifier) : undefined;
    if (to !== undefined && !existsSync(join(root, to)))
      throw new Error(`${file} imports ${specifier}: no such file`);
    return { from: file, specifier, to };
  });
}

/** Every module that a text imports: values and types, `export … from`, `import()`, `import('…').Type`. */
function findSpecifiers(file: string, text: string): string[] {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  const specifiers = new Set<string>();
  const add = (node: { source: { type: string; value?: unknown } | null }) => {
    if (typeof node.source?.value === 'string') specifiers.add(node.source.value);
  };
  new Visitor({
    ImportDeclaration: add,
    ExportNamedDeclaration: add,
    ExportAllDeclaration: add,
    ImportExpression: add,
    TSImportType: add,
  }).visit(program);
  return [...specifiers];
}
