import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';

// Takes the place of the provider's file host. It serves one PNG of noise with the requested size. Noise cannot be
// compressed, so every byte is a pixel that the worker has to decode.
const bytes = Number(process.argv[2]);
const side = Math.round(Math.sqrt(bytes / 3));
const pixels = randomFillSync(Buffer.allocUnsafe(side * side * 3));
const image = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
  .png({ compressionLevel: 0 })
  .toBuffer();

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'image/png', 'content-length': image.length });
  response.end(image);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`images at http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
