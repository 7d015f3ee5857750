import { execFile, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tempDir } from '@darkroom/testkit';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { type Endpoint, openOurs, openTheirs } from './support/drop-in-endpoints.ts';

const SCRIPTS = [
  ['quickstart.py', 'python3'],
  ['upload.py', 'python3'],
  ['quickstart.sh', 'curl'],
  ['upload.sh', 'curl'],
] as const;
const scriptPath = (script: string) => join(import.meta.dirname, 'drop-in', script);

/** Runs a script as its user does, with only a URL and a key from us. @returns the image. */
async function runScript(script: string, at: Endpoint): Promise<Buffer> {
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

/** Decodes the whole image. @returns width and height. */
async function decodeSize(image: Buffer): Promise<[number, number]> {
  const { info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
  return [info.width, info.height];
}

let ours: Awaited<ReturnType<typeof openOurs>>;
let theirs: Awaited<ReturnType<typeof openTheirs>>;

beforeAll(async () => {
  [ours, theirs] = await Promise.all([openOurs(), openTheirs(500)]);
});

/** How many requests of our workers the provider has answered with 200. */
function countRequests() {
  const { submit, upload } = ours.darkroom.simulator?.requests.counts().categories ?? {};
  return { submissions: submit?.answered['200'] ?? 0, uploads: upload?.answered['200'] ?? 0 };
}

for (const [script, program] of SCRIPTS) {
  const missing = spawnSync(program, ['--version']).error !== undefined;
  const skipped = missing && (process.env['CI'] ?? 'false') === 'false';
  const how = skipped ? ` (skipped: ${program} is missing, apt-get install ${program})` : '';
  test.skipIf(skipped)(
    `${script} gets an image from Darkroom as from the provider, with only the URL and the key changed${how}`,
    async () => {
      const before = countRequests();
      const [mine, provider] = await Promise.all([runScript(script, ours), runScript(script, theirs)]);
      expect(await decodeSize(mine)).toEqual(await decodeSize(provider));
      expect(countRequests()).toEqual({
        submissions: before.submissions + 1,
        // The worker uploads reference images to the provider, because the provider cannot download from us.
        uploads: before.uploads + (script.startsWith('upload') ? 1 : 0),
      });
    },
    120_000,
  );
}

test.each(SCRIPTS)('docs/drop-in.md shows the tested text of %s', async (script) => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/drop-in.md'), 'utf8');
  const language = script.endsWith('.py') ? 'python' : 'sh';
  expect(page).toContain(`\`\`\`${language}\n${await readFile(scriptPath(script), 'utf8')}\`\`\``);
});
