import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { checkCatalogue, classifyLocation, type UploadedFile } from '@darkroom/catalogue';
import { getRenderPrice, type Settings } from '@darkroom/shared/config';

/** The sample catalogue: what its run needs, and what must become of it. */
export interface SampleCatalogue {
  /** The catalogue file. */
  file: string;
  /** Its source and its reference images, by the paths that name them. */
  files: ReadonlyMap<string, Uint8Array>;
  samples: readonly Sample[];
  /** At the configured prices, in micro-dollars. */
  priceMicros: number;
}

export interface Sample {
  /** Its SKU. */
  key: string;
  /** The provider refuses one, so its render becomes the example of a dead letter. */
  endsAs: 'completed' | 'failed';
}

const FOLDER = fileURLToPath(new URL('../samples', import.meta.url));
const SOURCE = 'products.csv';
const REFUSED = '[[sim:refuse_content]]';

/** Reads the sample catalogue with `count` products: those of the checked-in file, again and again under other SKUs. */
export async function readSampleCatalogue(
  count: number,
  settings: Pick<Settings, 'PRICES'>,
): Promise<SampleCatalogue> {
  const file = await readFile(join(FOLDER, 'catalogue.yaml'), 'utf8');
  const source = Buffer.from(repeatRows(await readFile(join(FOLDER, SOURCE), 'utf8'), count));
  const files = new Map<string, Uint8Array>([[SOURCE, source]]);
  const samples: Sample[] = [];
  const photos = new Set<string>();
  let priceMicros = 0;
  const workFolder = await mkdtemp(join(tmpdir(), 'darkroom-samples-'));
  try {
    const { problems } = await checkCatalogue({
      file: Buffer.from(file),
      workFolder,
      locations: {
        folder: FOLDER,
        openPath: async () => ({ stream: Readable.from([source]), modifiedAt: 0 }),
        openBucket: () => Promise.reject(new Error('the samples are in no bucket')),
        signal: new AbortController().signal,
      },
      onItem: ({ key, prompt, resolution, references }) => {
        samples.push({ key, endsAs: prompt.includes(REFUSED) ? 'failed' : 'completed' });
        priceMicros += getRenderPrice(settings, resolution);
        for (const path of references) if (classifyLocation(path) === 'path') photos.add(path);
      },
    });
    const [problem] = problems.listed;
    if (problem) throw new Error(`the sample catalogue is not valid: ${problem.message}`);
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
  for (const path of photos) files.set(path, await readFile(join(FOLDER, path)));
  return { file, files, samples, priceMicros };
}

/** The SKU is the first column, and no value has a line break. */
function repeatRows(csv: string, count: number): string {
  const [header = '', ...rows] = csv.trimEnd().split('\n');
  const lines = Array.from({ length: count }, (_, index) => {
    const row = rows[index % rows.length] ?? '';
    const round = Math.floor(index / rows.length);
    return round === 0 ? row : row.replace(/^[^,]+/, (sku) => `${sku}-${round + 1}`);
  });
  return `${[header, ...lines].join('\n')}\n`;
}

/** The list of files that a run of the catalogue names. It is the same at each start, as is the run that it is part of. */
export const listSampleFiles = ({ files }: SampleCatalogue): UploadedFile[] =>
  [...files].map(([path, bytes]) => ({
    path,
    sha256: hashBytes(bytes),
    bytes: bytes.length,
    modified_at: 0,
  }));

export const hashBytes = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
