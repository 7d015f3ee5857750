import { root, runProgram } from '../program.ts';

export interface SpellingReport {
  /** How many files cspell has checked. */
  files: number;
  /** One for each word: a flagged word with its replacement, an unknown word without. */
  lines: string[];
}

/** Runs cspell over a folder, with the configuration of this repository. */
export async function checkSpelling(folder: string): Promise<SpellingReport> {
  const config = [`--config=${root}cspell.config.ts`, '--no-config-search', `--root=${folder}`];
  // cspell's own cache would not notice a change of the vocabulary. turbo skips the whole check when nothing has changed.
  const output = ['--no-progress', '--no-color', '--no-cache'];
  const result = await runProgram('cspell', ['lint', ...config, ...output, '--dot', '**'], {
    show: false,
    timeout: 300_000,
  });
  const summary = /^CSpell: Files checked: (\d+).*$/m.exec(result.output);
  // cspell ends with 1 when it reports words. Without a summary, or with another code, cspell itself failed.
  if (summary === null || result.code > 1)
    throw new Error(`cspell failed (${result.code}): ${result.output}`);
  const lines = result.output.replace(summary[0], '').split('\n').filter(Boolean);
  return { files: Number(summary[1]), lines };
}
