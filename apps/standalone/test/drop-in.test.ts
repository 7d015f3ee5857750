import { execFile, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tempDir } from '@darkroom/testkit';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { openOurs, openTheirs, type Place } from './drop-in/places.ts';

const SCRIPTS = [
  ['quickstart.py', 'python3'],
  ['upload.py', 'python3'],
  ['quickstart.sh', 'curl'],
  ['upload.sh', 'curl'],
] as const;
const scriptPath = (script: string) => join(import.meta.dirname, 'drop-in', script);

/** Runs a script as its user would: with an address and a key, and nothing else of ours. @returns the image. */
async function run(script: string, at: Place): Promise<Buffer> {
  const cwd = await tempDir();
  const reference = sharp({ create: { width: 32, height: 24, channels: 3, background: 'tomato' } });
  await writeFile(join(cwd, 'reference.png'), await reference.png().toBuffer());
  await promisify(execFile)(script.endsWith('.py') ? 'python3' : 'sh', [scriptPath(script)], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', BASE_URL: at.url, API_KEY: at.key },
    timeout: 100_000,
  });
  return await readFile(join(cwd, 'image.jpg'));
}

/** Decoded to its last pixel. */
async function sizeOf(image: Buffer): Promise<[number, number]> {
  const { info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
  return [info.width, info.height];
}

let ours: Awaited<ReturnType<typeof openOurs>>;
let theirs: Awaited<ReturnType<typeof openTheirs>>;

beforeAll(async () => {
  [ours, theirs] = await Promise.all([openOurs(), openTheirs(500)]);
});

/** What the provider was asked for by our workers. */
function asked() {
  const { submit, upload } = ours.house.simulator?.requests.counts().categories ?? {};
  return { submissions: submit?.answered['200'] ?? 0, uploads: upload?.answered['200'] ?? 0 };
}

for (const [script, program] of SCRIPTS) {
  const missing = spawnSync(program, ['--version']).error !== undefined;
  const skipped = missing && (process.env['CI'] ?? 'false') === 'false';
  const how = skipped ? ` (skipped: ${program} is missing, apt-get install ${program})` : '';
  test.skipIf(skipped)(
    `${script} brings home a picture from Darkroom as from the provider, with only address and key changed${how}`,
    async () => {
      const before = asked();
      const [mine, provider] = await Promise.all([run(script, ours), run(script, theirs)]);
      expect(await sizeOf(mine)).toEqual(await sizeOf(provider));
      expect(asked()).toEqual({
        submissions: before.submissions + 1,
        // Uploaded pictures reach the provider as bytes: it cannot fetch from us.
        uploads: before.uploads + (script.startsWith('upload') ? 1 : 0),
      });
    },
    120_000,
  );
}

test.each(SCRIPTS)('docs/drop-in.md shows %s as it is tested', async (script) => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/drop-in.md'), 'utf8');
  const language = script.endsWith('.py') ? 'python' : 'sh';
  expect(page).toContain(`\`\`\`${language}\n${await readFile(scriptPath(script), 'utf8')}\`\`\``);
});
