import { createHash } from 'node:crypto';
import { listFieldProblems } from '@darkroom/shared/field-problems';
import { errorMessage } from '@darkroom/shared/runtime';
import { LineCounter, parseDocument } from 'yaml';
import type { ProblemList } from '../problems.ts';
import { type CatalogueConfig, catalogueSchema } from './schema.ts';
import { createYamlLines, type YamlLines } from './yaml-lines.ts';

/** A catalogue file that passed its schema. */
export interface CatalogueFile {
  config: CatalogueConfig;
  /** SHA-256 of the file's bytes, in hex. */
  sha256: string;
  lines: YamlLines;
}

const MAX_FILE_BYTES = 1024 * 1024;

/** Parses a catalogue file. @returns `undefined` after it added the problems of the file */
export function parseCatalogueFile(bytes: Uint8Array, problems: ProblemList): CatalogueFile | undefined {
  const report = (line: number | null, field: string | null, message: string) =>
    problems.add({ in: 'catalogue', line, field, message });
  if (bytes.length > MAX_FILE_BYTES) {
    report(null, null, `expected at most ${MAX_FILE_BYTES} bytes, received ${bytes.length}`);
    return undefined;
  }
  const text = decode(bytes);
  if (text === undefined) {
    report(null, null, 'expected text in UTF-8. Save the file as UTF-8.');
    return undefined;
  }
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, uniqueKeys: true });
  for (const { pos, message } of document.errors) report(counter.linePos(pos[0]).line, null, message);
  if (document.errors.length > 0) return undefined;
  const lines = createYamlLines(document, counter);
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // An alias (`*name`) without an anchor, or aliases that grow without a limit.
    report(null, null, errorMessage(error));
    return undefined;
  }
  const parsed = catalogueSchema.safeParse(value);
  if (parsed.success)
    return { config: parsed.data, sha256: createHash('sha256').update(bytes).digest('hex'), lines };
  for (const issue of parsed.error.issues) {
    const found = listFieldProblems({ issues: [issue] } as typeof parsed.error, value, catalogueSchema);
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
    found.forEach(({ field, expected, received }, index) => {
      const key = unknown[index];
      const line = lines.ofField(key === undefined ? issue.path : [...issue.path, key]);
      report(line, field === 'body' ? null : field, `expected ${expected}, received ${received}`);
    });
  }
  return undefined;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
