import { decodeImage } from '@darkroom/worker/store-image';
import sharp from 'sharp';
import type { DecoderOptions, DecoderResult } from '../decoder-options.ts';
import { readMemory } from '../probes/index.ts';

const { path, images, as, maxPixels } = JSON.parse(process.env.DECODER ?? '{}') as DecoderOptions;

/** The thumbnail of the worker, with a full decode or without one. */
async function makeThumbnail(full: boolean): Promise<unknown> {
  const open = () => sharp(path, { failOn: 'warning', limitInputPixels: false, sequentialRead: true });
  const { autoOrient } = await open().metadata();
  const image = full ? open().extract({ left: 0, top: 0, ...autoOrient }) : open();
  return image.resize(256, 256, { fit: 'inside' }).webp({ quality: 78 }).toBuffer();
}

const decodeOne = (): Promise<unknown> =>
  as === 'worker'
    ? decodeImage({ path, head: new Uint8Array() }, maxPixels)
    : makeThumbnail(as === 'unlimited');

const began = performance.now();
const outcomes = await Promise.allSettled(Array.from({ length: images }, decodeOne));
const result: DecoderResult = {
  ms: performance.now() - began,
  peak: (await readMemory(process.pid)).peak,
  refused: outcomes.filter(({ status }) => status === 'rejected').length,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
