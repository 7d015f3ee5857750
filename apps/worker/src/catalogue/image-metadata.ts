import { crc32, inflateSync } from 'node:zlib';
import type { DigitalSourceType } from '@darkroom/catalogue';

const OPENING =
  '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">';
const CLOSING = '</rdf:Description>';
const TERMS = 'http://cv.iptc.org/newscodes/digitalsourcetype/';
const WRITTEN = new RegExp(
  `${OPENING}<Iptc4xmpExt:DigitalSourceType>[^<]*</Iptc4xmpExt:DigitalSourceType>${CLOSING}`,
  'g',
);
const EMPTY =
  '<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>' +
  '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
  '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>';
const END_OF_RDF = '</rdf:RDF>';

/**
 * Writes the IPTC Digital Source Type into the XMP of an image, beside what its XMP says already. Only the metadata of the file
 * changes: its pixels are not encoded again.
 *
 * @param type `null` removes what an earlier call wrote
 * @returns `undefined` for a file that has no place for it: it is delivered as it is
 */
export function writeSourceType(
  bytes: Uint8Array,
  contentType: string,
  type: DigitalSourceType | null,
): Uint8Array | undefined {
  const container = CONTAINERS[contentType];
  if (!container) return undefined;
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const present = container.read(file);
    const other = present?.replace(WRITTEN, '');
    if (type === null)
      return other === present ? bytes : container.write(file, other === EMPTY ? undefined : other);
    // The provider has said it.
    if (other?.includes(':DigitalSourceType')) return bytes;
    const xmp = other ?? EMPTY;
    const at = xmp.lastIndexOf(END_OF_RDF);
    if (at === -1) return undefined;
    const value = `<Iptc4xmpExt:DigitalSourceType>${TERMS}${type}</Iptc4xmpExt:DigitalSourceType>`;
    return container.write(file, `${xmp.slice(0, at)}${OPENING}${value}${CLOSING}${xmp.slice(at)}`);
  } catch (error) {
    if (error instanceof RangeError || isInflateError(error)) return undefined;
    throw error;
  }
}

const isInflateError = (error: unknown) => (error as NodeJS.ErrnoException).code?.startsWith('Z_') === true;

/** How a type of file holds XMP. Both throw a RangeError for a file that they cannot read. */
interface Container {
  read(file: Buffer): string | undefined;
  /** @param xmp `undefined` removes it */
  write(file: Buffer, xmp: string | undefined): Buffer;
}

const JPEG_XMP = Buffer.from('http://ns.adobe.com/xap/1.0/\0');
const MAX_SEGMENT = 65_533;

/** The segments of a JPEG before its pixels, with their markers. */
function* listSegments(file: Buffer): Generator<{ marker: number; start: number; body: Buffer }> {
  let start = 2;
  while (file.readUInt8(start) === 0xff) {
    const marker = file.readUInt8(start + 1);
    // The pixels begin, or a marker stands alone, which is only allowed among them.
    if (marker === 0xda || marker < 0xc0) return;
    const end = start + 2 + file.readUInt16BE(start + 2);
    if (end > file.length) throw new RangeError('a segment ends after the file');
    yield { marker, start, body: file.subarray(start + 4, end) };
    start = end;
  }
}

const isJpegXmp = ({ marker, body }: { marker: number; body: Buffer }) =>
  marker === 0xe1 && body.subarray(0, JPEG_XMP.length).equals(JPEG_XMP);

const jpeg: Container = {
  read: (file) => {
    const segment = [...listSegments(file)].find(isJpegXmp);
    return segment?.body.subarray(JPEG_XMP.length).toString('utf8');
  },
  write: (file, xmp) => {
    const parts = [file.subarray(0, 2)];
    const body = xmp === undefined ? undefined : Buffer.concat([JPEG_XMP, Buffer.from(xmp)]);
    if (body && body.length > MAX_SEGMENT) throw new RangeError('the XMP is too long');
    const head = Buffer.alloc(4);
    head.writeUInt16BE(0xffe1);
    head.writeUInt16BE(2 + (body?.length ?? 0), 2);
    const segments = [...listSegments(file)];
    const old = segments.findIndex(isJpegXmp);
    // After JFIF and Exif, which must be first.
    const first = segments.findIndex(
      (one) => one.marker !== 0xe0 && !(one.marker === 0xe1 && !isJpegXmp(one)),
    );
    const place = old !== -1 ? old : first === -1 ? segments.length : first;
    let end = 2;
    for (const [index, segment] of segments.entries()) {
      if (index === place && body) parts.push(head, body);
      end = segment.start + 4 + segment.body.length;
      if (index !== old) parts.push(file.subarray(segment.start, end));
    }
    if (place === segments.length && body) parts.push(head, body);
    return Buffer.concat([...parts, file.subarray(end)]);
  },
};

const PNG_XMP = Buffer.from('XML:com.adobe.xmp\0');
const PNG_START = 8;

function* listChunks(file: Buffer): Generator<{ type: string; start: number; body: Buffer; end: number }> {
  for (let start = PNG_START; start < file.length; ) {
    const length = file.readUInt32BE(start);
    const end = start + 12 + length;
    if (end > file.length) throw new RangeError('a chunk ends after the file');
    const type = file.toString('latin1', start + 4, start + 8);
    yield { type, start, body: file.subarray(start + 8, end - 4), end };
    start = end;
  }
}

/** The standard names one type of chunk; libraries also write the two others. */
const TEXT_CHUNKS = ['iTXt', 'zTXt', 'tEXt'];
const isPngXmp = ({ type, body }: { type: string; body: Buffer }) =>
  TEXT_CHUNKS.includes(type) && body.subarray(0, PNG_XMP.length).equals(PNG_XMP);

function readPngText({ type, body }: { type: string; body: Buffer }): string {
  const rest = body.subarray(PNG_XMP.length);
  if (type === 'tEXt') return rest.toString('utf8');
  if (type === 'zTXt') return inflateSync(rest.subarray(1)).toString('utf8');
  const isCompressed = rest.readUInt8(0) === 1;
  const language = rest.indexOf(0, 2);
  const text = rest.subarray(rest.indexOf(0, language + 1) + 1);
  return (isCompressed ? inflateSync(text) : text).toString('utf8');
}

const png: Container = {
  read: (file) => {
    const chunk = [...listChunks(file)].find(isPngXmp);
    return chunk && readPngText(chunk);
  },
  write: (file, xmp) => {
    const parts = [file.subarray(0, PNG_START)];
    for (const chunk of listChunks(file)) {
      if (!isPngXmp(chunk)) parts.push(file.subarray(chunk.start, chunk.end));
      if (chunk.type === 'IHDR' && xmp !== undefined) parts.push(createPngText(xmp));
    }
    return Buffer.concat(parts);
  },
};

function createPngText(xmp: string): Buffer {
  const body = Buffer.concat([Buffer.from('iTXt'), PNG_XMP, Buffer.alloc(4), Buffer.from(xmp)]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length - 4);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

const WEBP_START = 12;
const HAS_XMP = 0x04;
const HAS_ALPHA = 0x10;

function listWebpChunks(file: Buffer): { type: string; body: Buffer }[] {
  const chunks: { type: string; body: Buffer }[] = [];
  for (let start = WEBP_START; start < file.length; ) {
    const length = file.readUInt32LE(start + 4);
    if (start + 8 + length > file.length) throw new RangeError('a chunk ends after the file');
    chunks.push({
      type: file.toString('latin1', start, start + 4),
      body: file.subarray(start + 8, start + 8 + length),
    });
    start += 8 + length + (length % 2);
  }
  return chunks;
}

const webp: Container = {
  read: (file) =>
    listWebpChunks(file)
      .find(({ type }) => type === 'XMP ')
      ?.body.toString('utf8'),
  write: (file, xmp) => {
    const chunks = listWebpChunks(file).filter(({ type }) => type !== 'XMP ');
    const [first] = chunks;
    if (!first) throw new RangeError('the file has no chunks');
    const header = first.type === 'VP8X' ? Buffer.from(first.body) : createWebpHeader(first);
    header.writeUInt8((header.readUInt8(0) & ~HAS_XMP) | (xmp === undefined ? 0 : HAS_XMP), 0);
    const others = chunks.filter(({ type }) => type !== 'VP8X');
    const written = [
      { type: 'VP8X', body: header },
      ...others,
      ...(xmp === undefined ? [] : [{ type: 'XMP ', body: Buffer.from(xmp) }]),
    ];
    const body = Buffer.concat([Buffer.from('WEBP'), ...written.flatMap(packWebpChunk)]);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(body.length);
    return Buffer.concat([Buffer.from('RIFF'), length, body]);
  },
};

function packWebpChunk({ type, body }: { type: string; body: Buffer }): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return [Buffer.from(type, 'latin1'), length, body, Buffer.alloc(body.length % 2)];
}

/** The extended header, which a file needs for metadata: flags, and the size of the image less one. */
function createWebpHeader({ type, body }: { type: string; body: Buffer }): Buffer {
  const header = Buffer.alloc(10);
  if (type === 'VP8L') {
    const bits = body.readUInt32LE(1);
    header.writeUInt8((bits >>> 28) & 1 ? HAS_ALPHA : 0, 0);
    header.writeUIntLE(bits & 0x3fff, 4, 3);
    header.writeUIntLE((bits >>> 14) & 0x3fff, 7, 3);
  } else {
    header.writeUIntLE((body.readUInt16LE(6) & 0x3fff) - 1, 4, 3);
    header.writeUIntLE((body.readUInt16LE(8) & 0x3fff) - 1, 7, 3);
  }
  return header;
}

const CONTAINERS: Record<string, Container> = { 'image/jpeg': jpeg, 'image/png': png, 'image/webp': webp };
