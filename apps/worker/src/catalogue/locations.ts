import type { Readable } from 'node:stream';
import {
  FatalProblem,
  type LocationDeps,
  type RunId,
  type RunRequest,
  type UploadedFile,
  uploadedFileKey,
  uploadedFileSchema,
} from '@darkroom/catalogue';
import { createDnsLookup, createGuardedLookup, isLocalName, isPublicAddress } from '@darkroom/shared/net';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { openStoreFor } from '@darkroom/shared/service';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import type { RunContext } from './run-context.ts';

/** Where a run reads its source and its reference images. The caller closes it. */
export interface RunLocations extends LocationDeps {
  close(): Promise<void>;
}

/** Paths are files that the caller uploaded: a worker reads no file of its own machine. */
export async function openRunLocations({ request, infra, job }: RunContext): Promise<RunLocations> {
  const { settings, store, clock } = infra;
  const { signal } = job;
  const files = await readUploadedFiles(request, store, signal);
  const agent = openGuardedAgent(settings.ALLOW_PRIVATE_HOSTS);
  const buckets = new Map<string, Promise<ObjectStore>>();
  return {
    folder: '/nonexistent',
    openPath: async (path) => {
      const file = files.get(path);
      if (!file) throw sourceProblem(`${path} was not uploaded`);
      const found = await store.getStream(toFileKey(request, file.sha256), { signal });
      if (!found) throw sourceProblem(`the uploaded copy of ${path} is gone from the store`);
      return { stream: found.stream, modifiedAt: file.modified_at };
    },
    openBucket: (url) => {
      if (!request.readsBuckets)
        throw sourceProblem(`${url} is read with the rights of the worker, so a key needs the role operate`);
      const known = buckets.get(url) ?? openStoreFor({ ...settings, STORE_URL: url }, clock);
      buckets.set(url, known);
      return known;
    },
    dispatcher: agent,
    signal,
    close: async () => {
      const opened = await Promise.allSettled(buckets.values());
      await Promise.allSettled(
        opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value.close()] : [])),
      );
      await agent.close();
    },
  };
}

const toFileKey = ({ tenant, catalogue }: RunId, digest: string) =>
  uploadedFileKey(tenant, catalogue, digest);

const sourceProblem = (message: string) =>
  new FatalProblem({ in: 'source', line: null, field: null, message });

async function readUploadedFiles(
  request: RunRequest,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<Map<string, UploadedFile>> {
  const files = new Map<string, UploadedFile>();
  if (request.files === null) return files;
  const found = await store.getStream(toFileKey(request, request.files), { signal });
  if (!found) throw sourceProblem('the list of uploaded files is gone from the store');
  for await (const line of readLines(found.stream)) {
    const file = uploadedFileSchema.parse(JSON.parse(line));
    files.set(file.path, file);
  }
  return files;
}

async function* readLines(stream: Readable): AsyncGenerator<string> {
  let held = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (held + chunk).split('\n');
    held = lines.pop() ?? '';
    yield* lines.filter(Boolean);
  }
  if (held) yield held;
}

/** Connects to public addresses only: a catalogue must not read what only this machine can reach. */
function openGuardedAgent(allowPrivate: boolean): Dispatcher {
  const refuse = (host: string) => new Error(`${host} is not a public address`);
  const lookup = createGuardedLookup(
    (address, host) => (allowPrivate || isPublicAddress(address) ? undefined : refuse(host)),
    allowPrivate ? undefined : createDnsLookup(),
  );
  const agent = new Agent({ connect: buildConnector({ timeout: 10_000, lookup }) });
  if (allowPrivate) return agent;
  // A socket does no lookup for a literal address.
  return agent.compose((dispatch) => (options, handler) => {
    const host = new URL(String(options.origin)).hostname.replace(/\.$/, '');
    if (isLocalName(host) || isPublicAddress(host) === false) throw refuse(host);
    return dispatch(options, handler);
  });
}
