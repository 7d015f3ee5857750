import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { type ManifestEntry, type ReportEntry, type ReportSummary, writeReport } from '../../src/index.ts';

export const CATALOGUE = { tenant: 'acme', name: 'furniture' };
export const RUN = 'night-2026-11-26';
const PREVIOUS_RUN = 'night-2026-11-25';
const STARTED = Date.UTC(2026, 10, 26, 1);
const RUN_MS = 7_920_000;

export const SUMMARY: ReportSummary = {
  tenant: CATALOGUE.tenant,
  catalogue: CATALOGUE.name,
  run: RUN,
  previousRun: PREVIOUS_RUN,
  startedAt: STARTED,
  finishedAt: STARTED + RUN_MS,
  stopped: null,
  removed: 3,
  budget: 50,
};

const NAMES = ['Chair', 'Floor lamp', 'Vase', 'Side table', 'Shelf', 'Mirror', 'Wall clock', 'Stool'];
const COLORS = ['oak brown', 'slate blue', 'brass', 'sea green', 'cream', 'walnut', 'black', 'coral'];
const TINTS = ['#b98b5e', '#5d7391', '#c7a14a', '#5f9c8a', '#d9cbb0', '#7a4f33', '#33363b', '#d9705a'];
/** Shapes on a square of 100, one per name. */
const DRAWINGS = [
  '<path d="M34 20h6v34h24V20h6v62h-6V62H40v20h-6z"/>',
  '<path d="M36 18h28l8 22H28zM48 40h4v40h12v4H36v-4h12z"/>',
  '<path d="M42 16h16c0 14 12 18 12 38 0 18-8 30-12 30H42c-4 0-12-12-12-30 0-20 12-24 12-38z"/>',
  '<path d="M18 36h64v7H56v36h12v5H32v-5h12V43H18z"/>',
  '<path d="M22 18h5v14h46V18h5v66h-5V72H27v12h-5zM27 37v12h46V37zM27 54v13h46V54z"/>',
  '<path fill-rule="evenodd" d="M50 14c18 0 26 16 26 36S68 86 50 86 24 70 24 50s8-36 26-36zm0 6c-14 0-20 14-20 30s6 30 20 30 20-14 20-30-6-30-20-30z"/>',
  '<path fill-rule="evenodd" d="M50 16a34 34 0 110 68 34 34 0 010-68zm0 6a28 28 0 100 56 28 28 0 000-56zm-2 8h4v19l13 8-2 4-15-9z"/>',
  '<path d="M28 34h44v8h-4l6 42h-6l-3-18H35l-3 18h-6l6-42h-4zM37 42l-2 18h30l-2-18z"/>',
];
/** Distinct images: 20,000 items share them. */
const IMAGES = NAMES.length * COLORS.length * 2;

const sha = (text: string) => createHash('sha256').update(text).digest('hex');
const renderOf = (image: number) => `rnd_${sha(`render-${image}`).slice(0, 32)}`;
const keyOf = (run: string, name: string) => `catalogues/acme/furniture/runs/${run}/images/${name}`;

const ERRORS = [
  { code: 'content_policy_violation', message: 'The prompt was rejected by the moderation of the provider.' },
  { code: 'generation_failed', message: 'The provider failed 3 tasks and refunded them.' },
];

/** The items of a run: two views of each product, nearly all unchanged. The first ones have each state. */
export function* generateEntries(count: number): Generator<ReportEntry> {
  for (let at = 0; at < count; at += 1) yield createEntry(at, chooseState(at));
}

type State = 'new' | 'changed' | 'unchanged' | 'failed' | 'not_bought' | 'quarantined';

function chooseState(at: number): State {
  if (at === 5) return 'failed';
  if (at === 10) return 'not_bought';
  if (at === 13) return 'quarantined';
  if (at < 40) return (['new', 'changed', 'unchanged', 'changed', 'new'] as const)[at % 5] ?? 'new';
  if (at % 997 === 0) return 'failed';
  if (at % 1999 === 0) return 'not_bought';
  if (at % 4999 === 0) return 'quarantined';
  if (at % 41 === 0) return 'new';
  return at % 23 === 0 ? 'changed' : 'unchanged';
}

export function createEntry(
  at: number,
  state: State,
  change: Partial<Pick<ManifestEntry, 'key' | 'view' | 'name' | 'error'>> & { prompt?: string } = {},
): ReportEntry {
  const product = Math.floor(at / 2);
  const [name = '', color = ''] = [NAMES[product % 8], COLORS[Math.floor(product / 8) % 8]];
  const number = String(product + 1).padStart(5, '0');
  const { prompt: given, ...rest } = change;
  const view = at % 2 === 0 ? 'front' : 'detail';
  const file = rest.name ?? `${name.toLowerCase().replace(' ', '-')}-${number}-${view}.jpg`;
  const prompt =
    given ??
    `A studio photo: ${name}, ${color}, ${view} view, on a plain white background, soft light, no text. Product ${number}.`;
  const inputs = {
    prompt,
    model: 'gemini-3-pro-image-preview',
    size: '1:1',
    resolution: '1K',
    format: 'jpg',
    references: [],
  } as const;
  const image = (product % 64) * 2 + (at % 2);
  const hasImage = state === 'new' || state === 'changed' || state === 'unchanged';
  const isBought = state === 'new' || state === 'changed';
  const finished = STARTED + 120_000 + ((at * 7919) % 100) ** 1.2 * 28_000;
  const createImage = (run: string, from: number): NonNullable<ManifestEntry['image']> => ({
    key: keyOf(run, `${imageFile(from)}`),
    sha256: sha(`${run}-${at}`),
    bytes: 183_400 + ((at * 37) % 60_000),
    width: 1024,
    height: 1024,
    content_type: 'image/jpeg',
  });
  const entry: ManifestEntry = {
    version: 1,
    key: `SKU-${number}`,
    view,
    name: file,
    line: product + 2,
    hash: `1:${sha(prompt)}`,
    inputs: { ...inputs, references: [] },
    status: hasImage ? 'completed' : (state as 'failed'),
    origin: hasImage ? (isBought ? 'new' : 'reused') : null,
    run: hasImage ? (isBought ? RUN : PREVIOUS_RUN) : null,
    render_id: state === 'quarantined' || state === 'not_bought' ? null : renderOf(image),
    image: hasImage ? createImage(isBought ? RUN : PREVIOUS_RUN, image) : null,
    cost: {
      spent: isBought ? '0.025' : state === 'failed' ? '0.075' : '0.000',
      refunded: state === 'failed' ? '0.075' : '0.000',
      possibly_spent: '0.000',
    },
    error:
      state === 'failed'
        ? (ERRORS[at % 2] ?? null)
        : state === 'quarantined'
          ? { code: 'invalid_row', message: 'color: expected a text, received nothing' }
          : state === 'not_bought'
            ? { code: 'deadline', message: 'the deadline of the run came first' }
            : null,
    finished_at: state === 'not_bought' || state === 'quarantined' ? null : new Date(finished).toISOString(),
    ...rest,
  };
  if (state === 'new') return { entry };
  const before = state === 'changed' ? (image + 2) % IMAGES : image;
  const previous: ManifestEntry = {
    ...entry,
    inputs: {
      ...entry.inputs,
      prompt: state === 'changed' ? prompt.replace('soft light', 'hard light') : prompt,
    },
    hash: state === 'changed' ? `1:${sha(`${prompt}-before`)}` : entry.hash,
    status: 'completed',
    origin: 'new',
    run: PREVIOUS_RUN,
    render_id: renderOf(before),
    image: state === 'unchanged' ? entry.image : createImage(PREVIOUS_RUN, before),
    cost: { spent: '0.025', refunded: '0.000', possibly_spent: '0.000' },
    error: null,
    finished_at: new Date(STARTED - 86_400_000).toISOString(),
  };
  return { entry, previous };
}

const imageFile = (image: number) => `image-${String(image).padStart(3, '0')}.jpg`;

/** A store in a folder, with a report of a run in it. @returns the folder of the run */
export async function writeStore(
  folder: string,
  entries: Iterable<ReportEntry>,
  options: { summary?: Partial<ReportSummary>; imageSize?: number } & Pick<
    Parameters<typeof writeReport>[0],
    'reviews'
  > = {},
): Promise<string> {
  const run = join(folder, 'catalogues', CATALOGUE.tenant, CATALOGUE.name, 'runs', RUN);
  await writeImages(folder, options.imageSize ?? 32);
  await writeReport({
    summary: { ...SUMMARY, ...options.summary },
    entries,
    ...(options.reviews ? { reviews: options.reviews } : {}),
    put: async (path, body) => await writeNew(join(run, path), body),
  });
  return run;
}

/** Thumbnails, and images of both runs. */
async function writeImages(folder: string, size: number): Promise<void> {
  for (let image = 0; image < IMAGES; image += 1) {
    const product = Math.floor(image / 2);
    const art = drawProduct(product % 8, Math.floor(product / 8), image % 2 === 1);
    const large = sharp(Buffer.from(art)).resize(size, size);
    await writeNew(
      join(folder, 'thumbnails', `${renderOf(image)}.webp`),
      await large.clone().webp().toBuffer(),
    );
    const bytes = await large.jpeg({ quality: 90 }).toBuffer();
    for (const run of [RUN, PREVIOUS_RUN]) await writeNew(join(folder, keyOf(run, imageFile(image))), bytes);
  }
}

function drawProduct(shape: number, color: number, isDetail: boolean): string {
  const tint = TINTS[color % 8] ?? '#888';
  const move = isDetail ? 'translate(-45 -40) scale(1.9)' : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="1024" height="1024" viewBox="0 0 100 100"><defs><radialGradient id="g"><stop offset="0" stop-color="#fff"/><stop offset="1" stop-color="#e4e3e0"/></radialGradient><linearGradient id="t" x2=".8" y2="1"><stop offset="0" stop-color="#fff" stop-opacity=".45"/><stop offset=".6" stop-color="#000" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity=".35"/></linearGradient></defs><rect width="100" height="100" fill="url(#g)"/><g transform="${move}"><ellipse cx="50" cy="86" rx="30" ry="4" opacity=".14"/><g fill="${tint}">${DRAWINGS[shape]}</g><g fill="url(#t)">${DRAWINGS[shape]}</g></g></svg>`;
}

const made = new Set<string>();

async function writeNew(path: string, body: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  if (!made.has(folder)) await mkdir(folder, { recursive: true });
  made.add(folder);
  await writeFile(path, body);
}
