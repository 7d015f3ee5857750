import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { errorCause, errorMessage } from '@darkroom/shared/runtime';
import { Agent, buildConnector, type Dispatcher, request } from 'undici';
import { isGoneDocument, MAX_DOCUMENT_CHARACTERS } from './host-error.ts';
import { assertResultHost, createResultLookup, HostRefused, type HostRules } from './result-hosts.ts';

/** A result on disk. `sha256` in hex, of the received bytes. The caller deletes the file. */
export interface ResultFile {
  path: string;
  bytes: number;
  sha256: string;
  /** Its first bytes. They identify most types. */
  head: Uint8Array;
}

export type DownloadAnswer =
  | { kind: 'downloaded'; file: ResultFile }
  | { kind: 'host_refused'; reason: string }
  /** 403, 404 or 410 with the host's own error document: it does not have the file, or not any more. */
  | { kind: 'gone'; reason: string }
  /** Network error, another answer, too large, cut short. The next try may succeed. */
  | { kind: 'failed'; reason: string };

export interface Downloader {
  download(url: string, name: string, signal: AbortSignal): Promise<DownloadAnswer>;
  /** Writes a stream to disk, without a limit of size. Rejects with the error of the stream. */
  saveStream(stream: Readable, name: string): Promise<ResultFile>;
  close(): Promise<void>;
}

const MAX_REDIRECTS = 3;
const HEAD_BYTES = 4096;

class GoneError extends Error {}
const GONE_STATUSES = [403, 404, 410];

/** Streams results into `folder`, within limits of size and time, from allowed hosts only. */
export async function openDownloader(options: {
  folder: string;
  rules: HostRules;
  maxBytes: number;
  timeoutMs: number;
}): Promise<Downloader> {
  // A killed process may have left files here.
  await rm(options.folder, { recursive: true, force: true });
  await mkdir(options.folder, { recursive: true });
  const agent = new Agent({
    connect: buildConnector({ timeout: 10_000, lookup: createResultLookup(options.rules) }),
  });

  const downloadTo = async (address: string, path: string, signal: AbortSignal): Promise<ResultFile> => {
    let url = new URL(address);
    for (let hop = 0; ; hop += 1) {
      assertResultHost(url, options.rules);
      const answer = await request(url, { dispatcher: agent, method: 'GET', signal });
      const location = answer.headers.location;
      if (answer.statusCode >= 300 && answer.statusCode < 400 && typeof location === 'string') {
        await answer.body.dump();
        if (hop >= MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
        url = new URL(location, url);
        continue;
      }
      if (answer.statusCode !== 200) {
        const reason = `HTTP ${answer.statusCode}`;
        const isGone =
          GONE_STATUSES.includes(answer.statusCode) && isGoneDocument(await readDocument(answer.body));
        await answer.body.dump();
        throw isGone ? new GoneError(reason) : new Error(reason);
      }
      const file = await writeBody(answer.body, path, options.maxBytes);
      const declared = Number(answer.headers['content-length']);
      if (Number.isFinite(declared) && declared !== file.bytes)
        throw new Error(`${file.bytes} of ${declared} bytes received`);
      return file;
    }
  };

  // A file per run: a run that lost its lock may still be reading the file of the same job.
  const createPath = (name: string) => join(options.folder, `${name}.${randomUUID()}`);

  return {
    saveStream: async (stream, name) => {
      const path = createPath(name);
      try {
        return await writeBody(stream, path, Number.POSITIVE_INFINITY);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
    },
    download: async (address, name, signal) => {
      const path = createPath(name);
      const limited = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
      try {
        return { kind: 'downloaded', file: await downloadTo(address, path, limited) };
      } catch (error) {
        await rm(path, { force: true });
        const refusal = error instanceof HostRefused ? error : errorCause(error);
        if (refusal instanceof HostRefused) return { kind: 'host_refused', reason: refusal.message };
        if (error instanceof GoneError) return { kind: 'gone', reason: error.message };
        return { kind: 'failed', reason: errorMessage(error) };
      }
    },
    close: () => agent.close(),
  };
}

/** Reads the beginning of an answer that is no file. A document that is longer is not one of a file host. */
async function readDocument(body: Dispatcher.ResponseData['body']): Promise<string> {
  let text = '';
  for await (const chunk of body as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length >= MAX_DOCUMENT_CHARACTERS) break;
  }
  return text;
}

/** Writes chunk by chunk, so that the body is read only as fast as the disk writes. An aborted request ends the body with an error. */
async function writeBody(body: Readable, path: string, maxBytes: number): Promise<ResultFile> {
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
