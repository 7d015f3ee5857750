import type {
  AuditEntryResponse,
  AuditListResponse,
  CopyRequest,
  CopyResponse,
  CreatePauseRequest,
  KeyListResponse,
  KeyRequest,
  KeyResponse,
  NewKeyResponse,
  PauseListResponse,
  PauseResponse,
  QueueListResponse,
  QueueResponse,
  RenderResponse,
  StatementRequest,
} from '@darkroom/api';
import { createDarkroom, type Renders } from '@darkroom/client';
import { openTransport } from '@darkroom/client/transport';
import { VERSION } from '@darkroom/shared/runtime';
import type { Connection } from '../profile/index.ts';
import { type BatchApi, openBatchApi, type Post } from './batch-api.ts';
import { type CatalogueApi, openCatalogueApi } from './catalogue-api.ts';
import { type ControlApi, openControlApi } from './control-api.ts';
import { type MoneyApi, openMoneyApi } from './money-api.ts';
import { openRedriveApi, type RedriveApi } from './redrive-api.ts';
import { openRunApi, type RunApi } from './run-api.ts';
import { buildQuery, collectPages, type Send } from './send.ts';

/** The API as the command line uses it: the client's renders, and endpoints that only operators call. */
export interface Api extends RedriveApi, RunApi, MoneyApi, ControlApi, CatalogueApi, BatchApi {
  /** The URL of a page of the server: `renders/rnd_…`. */
  pageUrl(path: string): string;
  renders: Renders;
  /** States what became of an unknown purchase. */
  stateOutcome(renderId: string, statement: StatementRequest): Promise<RenderResponse>;
  listQueues(): Promise<QueueResponse[]>;
  pauseQueue(queue: string, reason: string): Promise<QueueResponse>;
  listKeys(): Promise<KeyResponse[]>;
  createKey(key: KeyRequest): Promise<NewKeyResponse>;
  revokeKey(id: string, reason: string | undefined): Promise<KeyResponse>;
  resumeQueue(queue: string): Promise<QueueResponse>;
  /** The pauses that stand: of submission, and of queues. */
  listPauses(): Promise<PauseResponse[]>;
  createPause(pause: CreatePauseRequest): Promise<PauseResponse>;
  endPause(name: string): Promise<PauseResponse>;
  /** Lets one render through all pauses of submission. */
  letThrough(renderId: string, reason: string): Promise<RenderResponse>;
  /** What buying a render again costs, and whether it was bought again before. */
  forecastCopy(renderId: string): Promise<CopyResponse>;
  /** Buys a render again. A repeated call finds the copy. */
  buyAgain(renderId: string, request: CopyRequest): Promise<CopyResponse>;
  /** What operators did. @param target `kind:id` */
  listAudit(options: { target: string | undefined; limit: number }): Promise<AuditEntryResponse[]>;
  /** How many renders wait for their submission. @throws without an answer */
  readBacklog(): Promise<number>;
  /** The answer of `/readyz`, with any status. */
  readReadiness(): Promise<{ status: number; body: Record<string, unknown> }>;
}

/** A person waits for the answer, so an error is shown after few tries. */
const RETRY = { tries: 3, baseMs: 200, maxMs: 1_000, maxRetryAfterMs: 5_000 };
const READY_MS = 5_000;
/** For one file of a catalogue: 1 GB at about 1 MB per second. */
const UPLOAD_MS = 15 * 60_000;
const AUDIT_PAGE = 200;

/** @param signal aborts every request */
export function openApi({ url, apiKey }: Connection, signal: AbortSignal): Api {
  // The audit log names the command line by this header.
  const headers = { 'user-agent': `darkroom-cli/${VERSION}` };
  const options = { url, apiKey, headers, retry: RETRY };
  const { renders } = createDarkroom(options);
  const transport = openTransport(options);
  const send: Send = <T>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    repeatable = true,
  ) =>
    transport.sendForJson<T>({
      method,
      path,
      repeatable,
      signal,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  const put = (path: string, body: Blob) =>
    transport.sendForJson<void>({
      method: 'PUT',
      path,
      body,
      repeatable: true,
      signal,
      headers: { 'content-type': 'application/octet-stream' },
      timeoutMs: UPLOAD_MS,
    });
  const post: Post = (request) => transport.sendForJson({ method: 'POST', signal, ...request });
  const base = url.replace(/\/*$/, '/');
  /** Fetched by itself, because the client reads whole responses. An error of the server is read by the client. */
  async function* readLines(path: string): AsyncGenerator<string, void, void> {
    const response = await fetch(new URL(path, base), {
      ...(apiKey ? { headers: { ...headers, authorization: `Bearer ${apiKey}` } } : {}),
      signal,
      redirect: 'manual',
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      await send('GET', path);
      throw new Error(`/${path} answered with status ${response.status}.`);
    }
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter(Boolean);
    }
    if (rest) yield rest;
  }
  const queuePath = (queue: string, action: string) => `v1/queues/${encodeURIComponent(queue)}/${action}`;
  return {
    ...openRedriveApi(send),
    ...openRunApi(send, readLines),
    ...openMoneyApi(send),
    ...openControlApi(send),
    ...openCatalogueApi(send, put),
    ...openBatchApi(send, post, readLines),
    pageUrl: (path) => new URL(path, base).href,
    renders,
    stateOutcome: (id, statement) =>
      send('POST', `v1/renders/${encodeURIComponent(id)}/statement`, statement, false),
    listQueues: async () => (await send<QueueListResponse>('GET', 'v1/queues')).data,
    pauseQueue: (queue, reason) => send('POST', queuePath(queue, 'pause'), { reason }),
    listKeys: async () => (await send<KeyListResponse>('GET', 'v1/keys')).data,
    createKey: (key) => send('POST', 'v1/keys', key, false),
    revokeKey: (id, reason) => send('POST', `v1/keys/${encodeURIComponent(id)}/revoke`, { reason }),
    resumeQueue: (queue) => send('POST', queuePath(queue, 'resume')),
    listPauses: async () => (await send<PauseListResponse>('GET', 'v1/pauses')).data,
    createPause: (pause) => send('POST', 'v1/pauses', pause, false),
    endPause: (name) => send('POST', `v1/pauses/${encodeURIComponent(name)}/resume`, undefined, false),
    letThrough: (id, reason) => send('POST', `v1/renders/${encodeURIComponent(id)}/let-through`, { reason }),
    forecastCopy: (id) => send('POST', `v1/renders/${encodeURIComponent(id)}/buy-again`, { dry_run: true }),
    buyAgain: (id, request) => send('POST', `v1/renders/${encodeURIComponent(id)}/buy-again`, request),
    listAudit: ({ target, limit }) =>
      collectPages(limit, (cursor) =>
        send<AuditListResponse>(
          'GET',
          `v1/audit${buildQuery({ target, limit: Math.min(limit, AUDIT_PAGE), cursor })}`,
        ),
      ),
    readBacklog: async () => {
      const response = await fetch(new URL('metrics', base), {
        ...(apiKey ? { headers: { ...headers, authorization: `Bearer ${apiKey}` } } : {}),
        signal: AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]),
        redirect: 'manual',
      });
      if (response.status !== 200) throw new Error(`/metrics answered with status ${response.status}.`);
      return countWaiting(await response.text());
    },
    readReadiness: async () => {
      const response = await fetch(new URL('readyz', base), {
        signal: AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]),
        redirect: 'manual',
      });
      const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
      return { status: response.status, body };
    },
  };
}

/** Renders that no worker has taken, and submissions that wait for the quota, from the text of `/metrics`. */
function countWaiting(metrics: string): number {
  const states = /^darkroom_queue_jobs\{queue="(?:render|submit)",state="(?:waiting|prioritized)"\} (\d+)$/gm;
  if (!/^darkroom_queue_up 1$/m.test(metrics)) throw new Error('The queue does not answer.');
  return [...metrics.matchAll(states)].reduce((sum, [, count]) => sum + Number(count), 0);
}
