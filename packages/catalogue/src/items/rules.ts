import type { Liquid } from 'liquidjs';
import type { CatalogueFile, Changes, ImageFormat } from '../file/index.ts';
import type { ProblemList } from '../problems.ts';
import { compilePrompt, createEngine, type PromptTemplate, TemplateError } from '../prompt/index.ts';
import { listPlaceholders, readPatternFormat } from './image-name.ts';

/** What the file says about every image, ready for use on rows. */
export interface Rules {
  file: CatalogueFile;
  /** Where each prompt template is in the file. */
  prompts: CompiledPrompt[];
  /** Without views in the file: one without a name. */
  views: { name: string | null; changes: Changes; prompt: PromptTemplate | undefined }[];
  overrides: { when: Condition[]; changes: Changes; prompt: PromptTemplate | undefined }[];
  prompt: PromptTemplate;
  imageName: string;
  format: ImageFormat;
}

interface CompiledPrompt {
  path: PropertyKey[];
  template: PromptTemplate;
}

export interface Condition {
  column: string;
  values: ReadonlySet<string>;
}

/** Variables that are no columns. */
const OWN_VARIABLES = ['view', 'row'];

/** Compiles the prompts, and checks what the schema cannot. @returns `undefined` after it added problems */
export function createRules(file: CatalogueFile, problems: ProblemList): Rules | undefined {
  const before = problems.count;
  const { config } = file;
  const engine = createEngine();
  const prompts: CompiledPrompt[] = [];
  const compile = (path: PropertyKey[], text: string | undefined) => {
    if (text === undefined) return undefined;
    const template = compileAt(file, engine, path, text, problems);
    if (template) prompts.push({ path, template });
    return template;
  };
  const prompt = compile(['prompt'], config.prompt);
  const given = config.views?.map(({ name, ...changes }, index) => ({
    name,
    changes,
    prompt: compile(['views', index, 'prompt'], changes.prompt),
  }));
  const overrides = config.overrides.map(({ when, ...changes }, index) => ({
    when: Object.entries(when).map(([column, value]) => ({
      column,
      values: new Set([value].flat().map(String)),
    })),
    changes,
    prompt: compile(['overrides', index, 'prompt'], changes.prompt),
  }));
  const views = given ?? [{ name: null, changes: {}, prompt: undefined }];
  const names = chooseImageName(file, problems);
  checkViewNames(file, problems);
  if (!prompt || !names || problems.count > before) return undefined;
  return { file, prompts, views, overrides, prompt, ...names };
}

function compileAt(
  { lines }: CatalogueFile,
  engine: Liquid,
  path: PropertyKey[],
  text: string,
  problems: ProblemList,
): PromptTemplate | undefined {
  try {
    return compilePrompt(engine, text);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    problems.add({
      in: 'catalogue',
      line: lines.ofText(path, error.line),
      field: formatPath(path),
      message: error.message,
    });
    return undefined;
  }
}

function chooseImageName({ config, lines }: CatalogueFile, problems: ProblemList) {
  const report = (message: string) =>
    problems.add({ in: 'catalogue', line: lines.ofField(['image_name']), field: 'image_name', message });
  const { image_name: pattern, format, views, key } = config;
  if (pattern === undefined) {
    const imageName = `{${key}}${views ? '-{view}' : ''}.${format ?? 'jpg'}`;
    return { imageName, format: format ?? ('jpg' as const) };
  }
  const found = readPatternFormat(pattern);
  if (!found) return report('expected a name that ends in .jpg, .png or .webp');
  if (format !== undefined && format !== found)
    return report(`expected the extension of the format ${format}, received .${found}`);
  if (views && views.length > 1 && !listPlaceholders(pattern).includes('view'))
    return report('expected {view}, because each product has several images');
  return { imageName: pattern, format: found };
}

function checkViewNames({ config, lines }: CatalogueFile, problems: ProblemList): void {
  const seen = new Set<string>();
  config.views?.forEach(({ name }, index) => {
    const path = ['views', index, 'name'];
    if (seen.has(name.toLowerCase()))
      problems.add({
        in: 'catalogue',
        line: lines.ofField(path),
        field: formatPath(path),
        message: `another view has the name ${name}`,
      });
    seen.add(name.toLowerCase());
  });
}

/** Checks that every column that the file names is in the source. */
export function checkColumns(rules: Rules, columns: readonly string[], problems: ProblemList): void {
  const { file, prompts, overrides } = rules;
  const { config, lines } = file;
  const check = (column: string, path: PropertyKey[], line = lines.ofField(path)) => {
    if (columns.includes(column)) return;
    const message = `the source has no column ${JSON.stringify(column)}. It has: ${columns.join(', ').slice(0, 400)}`;
    problems.add({ in: 'catalogue', line, field: formatPath(path), message });
  };
  check(config.key, ['key']);
  config.references.forEach((column, index) => check(column, ['references', index]));
  config.views?.forEach((view, at) =>
    view.references?.forEach((column, index) => check(column, ['views', at, 'references', index])),
  );
  overrides.forEach(({ when, changes }, at) => {
    for (const { column } of when) check(column, ['overrides', at, 'when', column]);
    changes.references?.forEach((column, index) => check(column, ['overrides', at, 'references', index]));
  });
  for (const name of listPlaceholders(config.image_name ?? ''))
    if (name !== 'view') check(name, ['image_name']);
  for (const { path, template } of prompts)
    for (const { path: variable, line } of template.variables) {
      const [first = '', second] = variable;
      const column = first === 'row' && second !== undefined ? second : first;
      if (!OWN_VARIABLES.includes(column)) check(column, path, lines.ofText(path, line));
    }
  for (const name of config.views ? OWN_VARIABLES : ['row'])
    if (columns.includes(name))
      problems.add({
        in: 'source',
        line: null,
        field: name,
        message: `prompts use the name ${name} for something else. Rename this column.`,
      });
}

export const formatPath = (path: readonly PropertyKey[]) =>
  path.reduce<string>(
    (name, part) =>
      typeof part === 'number' ? `${name}[${part}]` : name ? `${name}.${String(part)}` : String(part),
    '',
  );
