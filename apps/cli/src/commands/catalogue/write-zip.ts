import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeZip } from 'client-zip';

/** One file of an archive. */
export interface ZippedFile {
  /** Its path in the archive. */
  name: string;
  body: Uint8Array | string;
}

/**
 * Writes a zip. Only the files that are being written are in memory, because images are not compressed again. It gets its
 * name when it is complete, and replaces a file with this name.
 *
 * @param lastModified of all files @throws what the files throw; nothing is left then
 */
export async function writeZip(
  path: string,
  files: AsyncIterable<ZippedFile>,
  { lastModified, signal }: { lastModified: Date; signal: AbortSignal },
): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  const named = async function* () {
    for await (const { name, body } of files) yield { name, input: Buffer.from(body), lastModified };
  };
  try {
    const archive = makeZip(named()) as AsyncIterable<Uint8Array>;
    await pipeline(Readable.from(archive), createWriteStream(part, { flush: true }), { signal });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
