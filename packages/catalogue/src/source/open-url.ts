import { Readable } from 'node:stream';
import { errorMessage } from '@darkroom/shared/runtime';
import { type Dispatcher, request } from 'undici';
import { fatalSourceProblem } from '../problems.ts';

export interface OpenLocation {
  /** Fails with a FatalProblem when it ends before the last byte. */
  stream: Readable;
  /** Unix milliseconds. */
  modifiedAt: number | undefined;
}

const MAX_REDIRECTS = 3;
const HEADERS_MS = 30_000;
/** A silent connection is closed after this time. */
const IDLE_MS = 60_000;

/**
 * Opens an https URL. A redirect is followed to an https URL only: a server that sends visitors to a login or error page
 * does this most often to another host, so a redirect to another host is an error that names it.
 *
 * @throws {FatalProblem}
 */
export async function openUrl(
  url: string,
  { dispatcher, signal }: { dispatcher?: Dispatcher | undefined; signal: AbortSignal },
): Promise<OpenLocation> {
  if (!URL.canParse(url)) throw fatalSourceProblem(null, 'expected a URL that can be parsed');
  let at = new URL(url);
  for (let redirects = 0; ; redirects += 1) {
    const answer = await send(at, dispatcher, signal);
    const { statusCode: status, headers, body } = answer;
    if (status >= 300 && status < 400) {
      await body.dump();
      at = followRedirect(at, readHeader(headers, 'location'), status, redirects);
      continue;
    }
    if (status !== 200) {
      await body.dump();
      throw fatalSourceProblem(null, `${describe(at)} answered with status ${status}`);
    }
    const type = readHeader(headers, 'content-type') ?? '';
    if (/^text\/html/i.test(type)) {
      await body.dump();
      throw fatalSourceProblem(null, `${describe(at)} answered with an HTML page, not with the file`);
    }
    const modified = Date.parse(readHeader(headers, 'last-modified') ?? '');
    return {
      stream: Readable.from(readWhole(at, answer)),
      modifiedAt: Number.isFinite(modified) ? modified : undefined,
    };
  }
}

async function send(at: URL, dispatcher: Dispatcher | undefined, signal: AbortSignal) {
  try {
    return await request(at, {
      signal,
      headersTimeout: HEADERS_MS,
      bodyTimeout: IDLE_MS,
      // The length of a compressed body says nothing about its content.
      headers: { accept: '*/*', 'accept-encoding': 'identity' },
      ...(dispatcher ? { dispatcher } : {}),
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw fatalSourceProblem(null, `${describe(at)}: ${errorMessage(error)}`, { cause: error });
  }
}

function followRedirect(from: URL, location: string | undefined, status: number, redirects: number): URL {
  if (location === undefined || !URL.canParse(location, from.href))
    throw fatalSourceProblem(null, `${describe(from)} answered with status ${status} without a location`);
  const to = new URL(location, from);
  if (to.protocol !== 'https:' || to.host !== from.host)
    throw fatalSourceProblem(
      null,
      `${describe(from)} redirects to ${to.protocol}//${to.host}. If this is where the source is now, set source.path to the new URL.`,
    );
  if (redirects >= MAX_REDIRECTS)
    throw fatalSourceProblem(null, `${describe(from)} redirects more than ${MAX_REDIRECTS} times`);
  return to;
}

/** Reads a body to its last byte. @throws {FatalProblem} when the connection ends earlier, or the length is unknown */
async function* readWhole(at: URL, { headers, body }: Dispatcher.ResponseData): AsyncGenerator<Buffer> {
  const length = readHeader(headers, 'content-length');
  const isChunked = /chunked/i.test(readHeader(headers, 'transfer-encoding') ?? '');
  if (length === undefined && !isChunked) {
    await body.dump();
    throw fatalSourceProblem(
      null,
      `${describe(at)} sends neither Content-Length nor chunks, so an incomplete download would not be noticed`,
    );
  }
  let received = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      received += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw fatalSourceProblem(null, describeStop(at, received, length), { cause: error });
  }
  if (length !== undefined && received !== Number(length))
    throw fatalSourceProblem(null, describeStop(at, received, length));
}

const describeStop = (at: URL, received: number, length: string | undefined) =>
  `the download of ${describe(at)} stopped after ${received} bytes${length === undefined ? '' : ` of ${length}`}`;

/** A URL for people: its query may hold a signature (I8). */
const describe = ({ origin, pathname }: URL) => `${origin}${pathname}`;

function readHeader(
  headers: Record<string, string | string[] | undefined>,
  name: string,
): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
