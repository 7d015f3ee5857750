import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { EXAMPLE_FILES } from './example.ts';

export const initCommand = defineCommand({
  path: 'catalogue init',
  summary: 'Write a commented example: a catalogue file, and a CSV with ten products.',
  details: 'It replaces no file.',
  args: [{ name: '[folder]', text: 'where to write it (default: this folder)' }],
  examples: ['catalogue init', 'catalogue init shoes'],
  fields: ['files'],
  uses: 'local',
  run: async ({ args: [folder = '.'] }) => {
    await mkdir(folder, { recursive: true });
    const files: string[] = [];
    for (const [name, content] of Object.entries(EXAMPLE_FILES)) {
      const path = join(folder, name);
      await writeNew(path, content);
      files.push(path);
    }
    const next = `Next: darkroom catalogue plan ${join(folder, 'catalogue.yaml')}\n`;
    return { data: { files }, text: `${files.map((path) => `Wrote ${path}\n`).join('')}${next}` };
  },
});

async function writeNew(path: string, content: string): Promise<void> {
  try {
    await writeFile(path, content, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CliError(EXIT.usage, `${path} exists. It was not changed.`, 'Name another folder.');
  }
}
