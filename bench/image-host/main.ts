import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';

// One PNG of noise, which nothing can compress: as many bytes as asked for, and every one of them a pixel that
// has to be decoded. Stands where the provider's file host would.
const bytes = Number(process.argv[2]);
const side = Math.round(Math.sqrt(bytes / 3));
const pixels = randomFillSync(Buffer.allocUnsafe(side * side * 3));
const picture = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
  .png({ compressionLevel: 0 })
  .toBuffer();

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'image/png', 'content-length': picture.length });
  response.end(picture);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`pictures at http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
