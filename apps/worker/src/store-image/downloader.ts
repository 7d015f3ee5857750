import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, buildConnector, type Dispatcher, request } from 'undici';
import { assertHost, HostRefused, type HostRules, resultLookup } from './result-hosts.ts';

/** A result on disk. `sha256` in hex, of the bytes as they came. Remove the file when done. */
export interface Downloaded {
  path: string;
  bytes: number;
  sha256: string;
  /** Its first bytes, enough to tell most types by. */
  head: Uint8Array;
}

export type DownloadAnswer =
  | { kind: 'downloaded'; file: Downloaded }
  | { kind: 'host_refused'; reason: string }
  /** 403, 404, 410: the host has no such file, or no longer. */
  | { kind: 'gone'; reason: string }
  /** Network, HTTP status, too large, cut short: may be better next time. */
  | { kind: 'failed'; reason: string };

export interface Downloader {
  download(url: string, name: string, signal: AbortSignal): Promise<DownloadAnswer>;
  close(): Promise<void>;
}

const MAX_REDIRECTS = 3;
const HEAD_BYTES = 4096;

class Gone extends Error {}
const GONE = [403, 404, 410];

/** Streams results to `folder`, inside size and time, from allowed hosts only. */
export async function openDownloader(options: {
  folder: string;
  rules: HostRules;
  maxBytes: number;
  timeoutMs: number;
}): Promise<Downloader> {
  // What a killed process left here belongs to nobody.
  await rm(options.folder, { recursive: true, force: true });
  await mkdir(options.folder, { recursive: true });
  const agent = new Agent({
    connect: buildConnector({ timeout: 10_000, lookup: resultLookup(options.rules) }),
  });

  const fetchTo = async (address: string, path: string, signal: AbortSignal): Promise<Downloaded> => {
    let url = new URL(address);
    for (let hop = 0; ; hop += 1) {
      assertHost(url, options.rules);
      const answer = await request(url, { dispatcher: agent, method: 'GET', signal });
      const location = answer.headers.location;
      if (answer.statusCode >= 300 && answer.statusCode < 400 && typeof location === 'string') {
        await answer.body.dump();
        if (hop >= MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
        url = new URL(location, url);
        continue;
      }
      if (answer.statusCode !== 200) {
        await answer.body.dump();
        const reason = `HTTP ${answer.statusCode}`;
        throw GONE.includes(answer.statusCode) ? new Gone(reason) : new Error(reason);
      }
      const file = await pour(answer.body, path, options.maxBytes);
      const declared = Number(answer.headers['content-length']);
      if (Number.isFinite(declared) && declared !== file.bytes)
        throw new Error(`${file.bytes} of ${declared} bytes came`);
      return file;
    }
  };

  return {
    download: async (address, name, signal) => {
      // Of this run alone: a run that lost its lock may still be reading the file of the same job.
      const path = join(options.folder, `${name}.${randomUUID()}`);
      const limited = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
      try {
        return { kind: 'downloaded', file: await fetchTo(address, path, limited) };
      } catch (error) {
        await rm(path, { force: true });
        const refusal = error instanceof HostRefused ? error : causeOf(error);
        if (refusal instanceof HostRefused) return { kind: 'host_refused', reason: refusal.message };
        if (error instanceof Gone) return { kind: 'gone', reason: error.message };
        return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
      }
    },
    close: () => agent.close(),
  };
}

/** Chunk by chunk: what is not written yet is not read either. An abort of the request ends the body with an error. */
async function pour(
  body: Dispatcher.ResponseData['body'],
  path: string,
  maxBytes: number,
): Promise<Downloaded> {
  const hash = createHash('sha256');
  let bytes = 0;
  let head = Buffer.alloc(0);
  const file = await open(path, 'w');
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
      hash.update(chunk);
      if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)]);
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  return { path, bytes, sha256: hash.digest('hex'), head };
}

const causeOf = (error: unknown) => (error instanceof Error ? error.cause : undefined);
