import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/** An image with gradients and a texture, so that each part of its file matters. Same bytes for each call. */
export function drawTexture(width: number, height: number, channels: 3 | 4 = 3): Sharp {
  const raw = Buffer.alloc(width * height * channels);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += channels) {
      raw[at] = (x * 255) / width;
      raw[at + 1] = (y * 255) / height;
      raw[at + 2] = (x * 7 + y * 13 + ((x * y) % 31)) % 256;
      if (channels === 4) raw[at + 3] = (x + y) % 256;
    }
  }
  return sharp(raw, { raw: { width, height, channels } });
}

/** Unusual files, each of which a viewer displays whole. */
export async function createUnusualImages(): Promise<Record<string, Buffer>> {
  const image = (channels?: 3 | 4) => drawTexture(320, 240, channels);
  const jpeg = await image().jpeg().toBuffer();
  const png = await image().png().toBuffer();
  const webp = await image().webp().toBuffer();
  return {
    'baseline JPEG': jpeg,
    'progressive JPEG': await image().jpeg({ progressive: true }).toBuffer(),
    'JPEG without subsampling': await image().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(),
    'CMYK JPEG': await image().toColourspace('cmyk').jpeg().toBuffer(),
    'gray JPEG': await image().grayscale().jpeg().toBuffer(),
    'JPEG with an ICC profile': await image().withIccProfile('p3').jpeg().toBuffer(),
    'JPEG with EXIF': await image()
      .withExif({ IFD0: { Copyright: 'x'.repeat(5000) } })
      .jpeg()
      .toBuffer(),
    'JPEG that is turned by its EXIF': await image().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    'JPEG with an odd size': await drawTexture(317, 13).jpeg().toBuffer(),
    'JPEG of one pixel': await drawTexture(1, 1).jpeg().toBuffer(),
    'JPEG with restart markers': createJpegWithRestartMarkers(40),
    'JPEG with trailing zeros': Buffer.concat([jpeg, Buffer.alloc(2000)]),
    'JPEG with trailing text': Buffer.concat([jpeg, Buffer.from('appended by a camera')]),
    'JPEG followed by another JPEG': Buffer.concat([jpeg, await drawTexture(64, 48).jpeg().toBuffer()]),
    'JPEG with fill bytes before a marker': insertAt(jpeg, 2, Buffer.from([0xff, 0xff, 0xff])),
    'JPEG with an unknown segment': insertAt(jpeg, 2, Buffer.from([0xff, 0xee, 0, 4, 1, 2])),
    'JPEG with a broken ICC profile': insertAt(jpeg, 2, createIccSegment(Buffer.from('not a profile'))),
    'JPEG with broken EXIF': insertAt(
      jpeg,
      2,
      createSegment(0xe1, Buffer.from('Exif\0\0II*\0\xff\xff\xff\xff')),
    ),
    PNG: png,
    '16-bit PNG': await image().toColourspace('rgb16').png().toBuffer(),
    'interlaced PNG': await image().png({ progressive: true }).toBuffer(),
    'PNG with a palette': await image().png({ palette: true, colours: 16 }).toBuffer(),
    'PNG with alpha': await image(4).png().toBuffer(),
    'gray PNG': await image().grayscale().png().toBuffer(),
    'black and white PNG': await image()
      .threshold()
      .toColourspace('b-w')
      .png({ palette: true, colours: 2 })
      .toBuffer(),
    'PNG with an ICC profile': await image().withIccProfile('p3').png().toBuffer(),
    'PNG with a broken ICC profile': insertAt(
      png,
      33,
      createChunk('iCCP', Buffer.concat([Buffer.from('x\0\0'), deflateSync('not a profile')])),
    ),
    'PNG with a wrong gamma': insertAt(png, 33, createChunk('gAMA', Buffer.from([0, 0, 0, 0]))),
    'PNG with an unknown chunk': insertAt(png, 33, createChunk('teSt', Buffer.from('anything'))),
    'PNG with a text chunk': insertAt(png, 33, createChunk('tEXt', Buffer.from('Comment\0made by a test'))),
    'animated PNG': insertAt(png, png.indexOf('IDAT') - 4, createAnimationChunks(320, 240)),
    'PNG with trailing bytes': Buffer.concat([png, Buffer.from('trailing')]),
    WebP: webp,
    'lossless WebP': await image().webp({ lossless: true }).toBuffer(),
    'WebP with alpha': await image(4).webp().toBuffer(),
    'WebP with an ICC profile': await image().withIccProfile('p3').webp().toBuffer(),
    'WebP with trailing bytes': Buffer.concat([webp, Buffer.from('trailing')]),
    'animated WebP': await (await createAnimation()).webp().toBuffer(),
    GIF: await image().gif().toBuffer(),
    'interlaced GIF': await image().gif({ progressive: true }).toBuffer(),
    'animated GIF': await (await createAnimation()).gif().toBuffer(),
    AVIF: await image().avif({ effort: 0 }).toBuffer(),
    '10-bit AVIF': await image().avif({ effort: 0, bitdepth: 10 }).toBuffer(),
    'AVIF with alpha': await image(4).avif({ effort: 0 }).toBuffer(),
  };
}

async function createAnimation(): Promise<Sharp> {
  const frames = ['teal', 'red', 'gold'].map((background) =>
    sharp({ create: { width: 80, height: 60, channels: 3, background } })
      .png()
      .toBuffer(),
  );
  return sharp(await Promise.all(frames), { join: { animated: true } });
}

const insertAt = (file: Buffer, at: number, bytes: Buffer) =>
  Buffer.concat([file.subarray(0, at), bytes, file.subarray(at)]);

function createSegment(marker: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

const createIccSegment = (profile: Buffer) =>
  createSegment(0xe2, Buffer.concat([Buffer.from('ICC_PROFILE\0'), Buffer.from([1, 1]), profile]));

function createChunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(content.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** The chunks of an animation with one frame, which is the image itself. sharp cannot write animated PNGs. */
function createAnimationChunks(width: number, height: number): Buffer {
  const animation = Buffer.alloc(8);
  animation.writeUInt32BE(1, 0);
  const frame = Buffer.alloc(26);
  frame.writeUInt32BE(width, 4);
  frame.writeUInt32BE(height, 8);
  return Buffer.concat([createChunk('acTL', animation), createChunk('fcTL', frame)]);
}

/** A gray JPEG, one block high, with a restart marker after each block. sharp cannot write restart markers. */
function createJpegWithRestartMarkers(blocks: number): Buffer {
  const width = blocks * 8;
  const dimensions = Buffer.from([8, 0, 8, width >> 8, width & 0xff, 1, 1, 0x11, 0]);
  // One code of one bit: the symbol 0, "no difference" for DC and "end of block" for AC.
  const oneCode = (table: number) => Buffer.concat([Buffer.from([table, 1]), Buffer.alloc(16)]);
  // Two bits per block, filled with ones.
  const data = Array.from({ length: blocks }, (_, block) =>
    block === 0 ? [0x3f] : [0xff, 0xd0 + ((block - 1) % 8), 0x3f],
  ).flat();
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    createSegment(0xdb, Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 16)])),
    createSegment(0xc0, dimensions),
    createSegment(0xc4, oneCode(0x00)),
    createSegment(0xc4, oneCode(0x10)),
    createSegment(0xdd, Buffer.from([0, 1])),
    createSegment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
    Buffer.from([...data, 0xff, 0xd9]),
  ]);
}
