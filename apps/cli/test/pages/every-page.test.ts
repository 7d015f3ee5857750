import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPage, requires, tempDir, until, type WatchedPage } from '@darkroom/testkit';
import { beforeAll, expect, test, vi } from 'vitest';
import { type RunningDarkroom, startDarkroom } from '../support/running-darkroom.ts';

/** Where screenshots of every page are written, in all sizes and colors. Without it, none are taken. */
const SCREENSHOTS = process.env['SCREENSHOT_DIR'];

const LOOKS = [
  { width: 390, colorScheme: 'dark' },
  { width: 1280, colorScheme: 'light' },
  { width: 1280, colorScheme: 'dark' },
  { width: 390, colorScheme: 'light' },
] as const;
const looks = SCREENSHOTS ? LOOKS : LOOKS.slice(0, 1);

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

requires('redis', 'browser').describe('every page', () => {
  let server: RunningDarkroom;
  let browser: WatchedPage;
  /** Paths by the name of their screenshot. */
  let paths: Record<string, string>;

  beforeAll(async () => {
    server = await startDarkroom({ SUBMIT_ATTEMPTS: 1, MAX_PURCHASES: 1, UNKNOWN_GRACE_MS: 200 });
    paths = { ...(await fillPages(server)), ...FIXED };
    browser = await openPage();
    const { page } = browser;
    await page.goto(`${server.url}/sign-in`);
    await page.getByLabel('API key').fill(server.env.DARKROOM_API_KEY);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${server.url}/`);
    if (SCREENSHOTS) await mkdir(SCREENSHOTS, { recursive: true });
  });

  test.each(looks)(
    'fits into a window of $width pixels in $colorScheme colors, and reports no error to the browser',
    async ({ width, colorScheme }) => {
      const { page, troubles } = browser;
      await page.setViewportSize({ width, height: 860 });
      await page.emulateMedia({ colorScheme });
      for (const [name, path] of Object.entries(paths)) {
        await page.goto(server.url + path);
        // Their scripts load what they show, and go on to ask for news.
        if (/^\/(queues|reference)/.test(path))
          await page.waitForFunction(() => {
            const text = document.body.innerText;
            return text.length > 200 && !text.includes('Loading');
          });
        const excess = await page.evaluate(
          () => (document.scrollingElement?.scrollWidth ?? 0) - window.innerWidth,
        );
        expect.soft(excess, `${path} scrolls sideways`).toBeLessThanOrEqual(0);
        if (SCREENSHOTS) {
          const file = `${name}-${width}-${colorScheme}.png`;
          await page.screenshot({ path: join(SCREENSHOTS, file), fullPage: true });
        }
      }
      // The browser reports the status of the page that does not exist.
      expect(troubles.splice(0).filter((one) => !one.includes('status of 404'))).toEqual([]);
    },
  );
});

/** Pages whose path is the same for all data. */
const FIXED: Record<string, string> = {
  overview: '/overview',
  gallery: '/renders',
  table: '/renders?view=table',
  'table-empty': '/renders?view=table&run=none',
  'dead-letters': '/dead-letters',
  'dead-letter-list': '/dead-letters/list',
  'dead-letters-empty': '/dead-letters?text=nothing',
  redrives: '/redrives',
  audit: '/audit',
  keys: '/keys',
  pauses: '/pauses',
  batches: '/batches',
  workers: '/workers',
  runs: '/runs',
  'runs-empty': '/runs?cursor=9999999999999.x',
  catalogues: '/catalogues',
  reconcile: '/reconcile',
  start: '/start',
  'sign-out': '/sign-out',
  problems: '/problems',
  problem: '/problems/submission_unknown',
  'not-found': '/renders/rnd_none',
  reference: '/reference',
  board: '/queues',
  'board-queue': '/queues/queue/render?status=completed',
  'board-dead': '/queues/queue/dead-letter',
};

const createCatalogueFile = (name: string, path: string) => `name: ${name}
tenant: shop
source: { path: ${path} }
key: sku
prompt: A photo of {{ name }}
schedule: { cron: '0 1 * * *', time_zone: Europe/Berlin }
`;

/** Runs, renders in each state, a pause, a budget, a key and a redrive. @returns the paths of their pages */
async function fillPages(server: RunningDarkroom): Promise<Record<string, string>> {
  const { json, create, simulator } = server;
  const run = async (args: string[], env = server.env) =>
    expect((await server.run(args, { env })).err).not.toContain('error:');
  simulator.faults.add({ kind: 'accept_then_cut', promptIncludes: 'lost', rate: 1 });
  simulator.faults.add({ kind: 'no_channel', promptIncludes: 'broken', rate: 1 });
  const name = ['--name', 'The night of 26 November', '--budget', '40'];
  await run(['runs', 'new', 'night-2026-11-26', ...name], server.shopEnv);
  const folder = await tempDir();
  const [shoes, bags] = [join(folder, 'shoes.yaml'), join(folder, 'bags.yaml')];
  await writeFile(shoes, createCatalogueFile('shoes', 'shoes.csv'));
  await writeFile(bags, createCatalogueFile('bags', 'https://shop.example.com/bags.csv'));
  await writeFile(join(folder, 'shoes.csv'), 'sku,name\nS-1,a red shoe\nS-2,a blue shoe\n');
  await run(['catalogue', 'run', shoes, '--run', 'night-26'], server.shopEnv);
  await run(['catalogue', 'schedule', bags], server.shopEnv);
  const night = (prompt: string, sku: number) =>
    create({ prompt, run: 'night-2026-11-26', metadata: { sku: `MUG-${sku}`, color: 'slate blue' } });
  const completed = await Promise.all(
    ['A slate blue mug on an oak table, morning light', 'A brass lamp', 'A walnut chair', 'A glass vase'].map(
      (prompt, at) => night(prompt, 1000 + at),
    ),
  );
  const refused = await night('a mug [[sim:refuse_content]]', 2000);
  const unknown = await night('a lost lamp', 2001);
  const failed = await Promise.all(['broken chair', 'broken table'].map((prompt) => night(prompt, 2002)));
  const rendering = await night('a large poster of a lighthouse in a storm [[sim:stuck]]', 2003);
  for (const id of completed) await run(['renders', 'watch', id]);
  await until(async () => (await json(['dead-letters', 'summary'])).count >= 4);
  const pause = ['--run', 'day-12', '--reason', 'budget review', '--name', 'day-12-review', '--owner', 'ann'];
  await run(['pause', ...pause, '--yes']);
  const waiting = await create({ prompt: 'a mug that waits', run: 'day-12' });
  await run(['budget', 'set', 'all-days', '--limit', '250', '--yes']);
  await run(['keys', 'new', '--tenant', 'press', '--roles', 'read', '--name', 'press office']);
  const executed = await json(['redrives', 'plan', failed[0] ?? '']);
  const redrive = await json(['redrives', 'create', executed.id, '--reason', 'it is back', '--yes']);
  await run(['redrives', 'watch', redrive.id]);
  const plan = await json(['redrives', 'plan', '--all']);
  return {
    run: '/runs/night-2026-11-26?tenant=shop',
    catalogue: '/catalogues/shop:shoes',
    completed: `/renders/${completed[0]}`,
    failed: `/renders/${refused}`,
    unknown: `/renders/${unknown}`,
    rendering: `/renders/${rendering}`,
    waiting: `/renders/${waiting}`,
    'dead-letter': `/dead-letters/${failed[1]}`,
    plan: `/redrive-plans/${plan.id}`,
    redrive: `/redrives/${redrive.id}`,
    'board-job': `/queues/queue/render/${completed[0]}`,
  };
}
