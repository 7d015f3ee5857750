import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { DecoderOptions, DecoderResult } from '../decoder-options.ts';
import { hasProcFiles } from '../probes/index.ts';
import { runDecoder } from '../processes.ts';
import type { Scenario, Size } from '../scenario.ts';
import { summarizeSpread } from '../stats.ts';
import { formatMegabytes, formatNumber, formatTable } from '../table.ts';
import type { Workspace } from '../workspace.ts';

interface PeakRow {
  name: string;
  file_bytes: number;
  peak_rss: number;
  /** The ratio to the peak with small images. */
  peak_of_small: number;
  ms: number;
  refused: number;
}

interface ShrinkRow {
  name: string;
  full_ms: number;
  shrinking_ms: number;
  /** The median of the ratios of the rounds. */
  full_of_shrinking: number;
}

export interface DecodeResult {
  images: number;
  /** Why the scenario could not be measured. */
  skipped?: string;
  peaks: PeakRow[];
  shrinking: ShrinkRow[];
}

const IMAGES = 8;
/** 120 megapixels: what the worker decodes at most. */
const LARGE = { width: 10_900, height: 11_000 };
const SMALL = { width: 1024, height: 1024 };
const RESULT = { width: 4096, height: 4096 };
/** The limit for a request of 1K. */
const LIMIT_1K = 20_000_000;
const NO_LIMIT = 120_000_000;

type Format = 'WebP' | 'PNG, interlaced' | 'JPEG, progressive' | 'JPEG';

const ENCODE: Record<Format, (image: Sharp) => Sharp> = {
  WebP: (image) => image.webp({ quality: 80, effort: 0 }),
  'PNG, interlaced': (image) => image.png({ progressive: true, compressionLevel: 9 }),
  'JPEG, progressive': (image) => image.jpeg({ progressive: true }),
  JPEG: (image) => image.jpeg(),
};

/** The memory of a process that decodes eight images at once, and the time that shrinking while reading saves. */
export const decode: Scenario<DecodeResult> = {
  name: 'decode',
  report: reportDecode,
  async run(workspace, size) {
    if (!(await hasProcFiles()))
      return { images: IMAGES, skipped: 'this system has no /proc', peaks: [], shrinking: [] };
    const folder = await workspace.createFolder('disk');
    return {
      images: IMAGES,
      peaks: await measurePeaks(workspace, folder, size),
      shrinking: await measureShrinking(workspace, folder, size),
    };
  },
};

async function measurePeaks(workspace: Workspace, folder: string, size: Size): Promise<PeakRow[]> {
  const rows: PeakRow[] = [];
  const measure = async (
    name: string,
    file: DrawnFile,
    options: Pick<DecoderOptions, 'as' | 'maxPixels'>,
  ) => {
    size.progress(`decode: ${IMAGES} ${name}`);
    const { ms, peak, refused } = await runDecoder(workspace, {
      path: file.path,
      images: IMAGES,
      ...options,
    });
    const peak_of_small = peak / (rows[0]?.peak_rss ?? peak);
    rows.push({ name, file_bytes: file.bytes, peak_rss: peak, peak_of_small, ms, refused });
  };
  const small = await drawFlat(join(folder, 'small'), 'JPEG', SMALL);
  await measure('JPEGs of 1 megapixel, by the worker', small, { as: 'worker', maxPixels: NO_LIMIT });
  const formats: Format[] = size.quick ? ['WebP'] : ['WebP', 'PNG, interlaced', 'JPEG, progressive'];
  for (const [index, format] of formats.entries()) {
    const file = await drawFlat(join(folder, `large-${index}`), format, LARGE);
    const name = `${format} of 120 megapixels`;
    await measure(`${name}, all at once`, file, { as: 'unlimited', maxPixels: NO_LIMIT });
    await measure(`${name}, by the worker`, file, { as: 'worker', maxPixels: NO_LIMIT });
    await measure(`${name}, for a request of 1K`, file, { as: 'worker', maxPixels: LIMIT_1K });
  }
  return rows;
}

async function measureShrinking(workspace: Workspace, folder: string, size: Size): Promise<ShrinkRow[]> {
  const rows: ShrinkRow[] = [];
  const rounds = size.quick ? 3 : 7;
  for (const format of ['JPEG', 'WebP'] as const) {
    size.progress(`decode: ${format} of 4096 x 4096, ${rounds} rounds`);
    const { path } = await drawScene(join(folder, `result-${format}`), format);
    const run = (as: DecoderOptions['as']): Promise<DecoderResult> =>
      runDecoder(workspace, { path, images: 1, as, maxPixels: NO_LIMIT });
    const [full, shrinking]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      full.push((await run('unlimited')).ms);
      shrinking.push((await run('shrinking')).ms);
    }
    rows.push({
      name: format,
      full_ms: summarizeSpread(full).median,
      shrinking_ms: summarizeSpread(shrinking).median,
      full_of_shrinking: summarizeSpread(full.map((ms, at) => ms / (shrinking[at] ?? ms))).median,
    });
  }
  return rows;
}

interface DrawnFile {
  path: string;
  bytes: number;
}

/** One color: a small file with very many pixels. */
async function drawFlat(path: string, format: Format, dimensions: typeof LARGE): Promise<DrawnFile> {
  const create = { ...dimensions, channels: 3 as const, background: '#4b6c9a' };
  const { size: bytes } = await ENCODE[format](sharp({ create, limitInputPixels: false })).toFile(path);
  return { path, bytes };
}

/** Soft noise, which has about as much detail as a photograph. */
async function drawScene(path: string, format: Format): Promise<DrawnFile> {
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 60 };
  const image = sharp({
    create: { width: 1024, height: 1024, channels: 3, background: '#000', noise },
  }).resize(RESULT.width, RESULT.height);
  const { size: bytes } = await ENCODE[format](image).toFile(path);
  return { path, bytes };
}

function reportDecode({ images, skipped, peaks, shrinking }: DecodeResult): string {
  const title = `Decode: the highest resident set of a process that decodes ${images} images at once`;
  if (skipped) return `${title}\nnot measured: ${skipped}`;
  const rows = peaks.map((row) => [
    row.name,
    `${formatNumber(row.file_bytes / 1e3)} KB`,
    formatMegabytes(row.peak_rss),
    formatNumber(row.peak_of_small),
    formatNumber(row.ms / 1e3),
    String(row.refused),
  ]);
  const shrinkRows = shrinking.map((row) => [
    `${row.name} of 4096 x 4096`,
    formatNumber(row.full_ms),
    formatNumber(row.shrinking_ms),
    formatNumber(row.full_of_shrinking),
  ]);
  return [
    title,
    formatTable(['', 'file', 'peak', 'peak of small', 's', 'refused'], rows),
    '',
    'Decode: the time of a full decode and of a decode that shrinks the image while it reads',
    formatTable(['', 'full ms', 'shrinking ms', 'full of shrinking'], shrinkRows),
  ].join('\n');
}
