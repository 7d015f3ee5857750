import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BatchResult } from '@darkroom/api';
import type { Api, NamedBatch } from '../../api/index.ts';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Host } from '../../host.ts';

/** What was written. */
export interface BatchDownload {
  folder: string;
  /** Lines of output.jsonl. */
  completed: number;
  /** Lines of errors.jsonl. */
  failed: number;
  /** Images that were downloaded now. */
  images: number;
}
export const DOWNLOAD_FIELDS = ['folder', 'completed', 'failed', 'images'];

interface DownloadOptions {
  to: string;
  images: boolean;
  host: Host;
}

const IMAGE_MS = 60_000;
const EXTENSIONS: Record<string, string> = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp' };
const MAX_NAME = 120;

/** Writes results, and images under their `custom_id`. A file is complete or not there. */
export async function downloadBatch(
  api: Api,
  batch: NamedBatch,
  { to, images, host }: DownloadOptions,
): Promise<BatchDownload> {
  await mkdir(to, { recursive: true });
  const folder = join(to, 'images');
  if (images) await mkdir(folder, { recursive: true });
  const known = new Set(images ? (await readdir(folder)).map(removeExtension) : []);
  let downloaded = 0;
  const saveImage = async (result: BatchResult) => {
    const name = toFileName(result.custom_id);
    const url = readImageUrl(result);
    if (!images || known.has(name) || url === undefined) return;
    await downloadImage(url, join(folder, name), host);
    downloaded += 1;
  };
  const write = async (part: 'output' | 'errors'): Promise<number> => {
    const path = join(to, `${part}.jsonl`);
    const file = await open(`${path}.part`, 'w');
    let lines = 0;
    try {
      for await (const result of api.readBatchResults(batch, part)) {
        await file.write(`${JSON.stringify(result)}\n`);
        await saveImage(result);
        lines += 1;
      }
    } finally {
      await file.close();
    }
    await rename(`${path}.part`, path);
    return lines;
  };
  const completed = await write('output');
  const failed = await write('errors');
  return { folder: to, completed, failed, images: downloaded };
}

export const formatDownload = ({ folder, completed, failed, images }: BatchDownload) =>
  `${folder}: ${completed} results, ${failed} lines without an image, ${images} new images.\n`;

/** The link of a result of either endpoint. */
function readImageUrl({ response }: BatchResult): string | undefined {
  const body = response?.body as { data?: { url?: string }[]; image?: { url?: string } } | undefined;
  return body?.data?.[0]?.url ?? body?.image?.url;
}

async function downloadImage(url: string, path: string, host: Host): Promise<void> {
  const response = await fetch(url, {
    signal: AbortSignal.any([host.signal, AbortSignal.timeout(IMAGE_MS)]),
  });
  if (!response.ok)
    throw new CliError(EXIT.failure, `The image of ${path} answered with ${response.status}.`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  const name = `${path}.${EXTENSIONS[type] ?? 'bin'}`;
  await writeFile(`${name}.part`, bytes);
  await rename(`${name}.part`, name);
}

/** A name for every system. Different ids have different names, also where the case of letters does not count. */
export function toFileName(customId: string): string {
  const safe = customId.replaceAll(/[^A-Za-z0-9_-]/g, '_');
  if (safe === customId && safe.length <= MAX_NAME && safe === safe.toLowerCase()) return safe;
  return `${safe.slice(0, MAX_NAME)}-${createHash('sha256').update(customId).digest('hex').slice(0, 8)}`;
}

/** A file that is not complete has another extension. */
const removeExtension = (name: string) => (name.endsWith('.part') ? '' : name.replace(/\.[^.]*$/, ''));
