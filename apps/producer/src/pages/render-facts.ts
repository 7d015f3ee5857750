import { type Queues } from '@darkroom/shared/queues';
import { type Note, parseNote } from '@darkroom/shared/render';
import { type Clock, type Scrub } from '@darkroom/shared/runtime';
import { type RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import type { SignedLinks } from '../access/index.ts';
import { type Delivery, findDeliveries } from '../backends/webhook-deliveries.ts';
import { scrubDeep } from '../dashboard/index.ts';
import { findRequestedRender, type RenderReadDeps } from '../renders/index.ts';

export interface RenderPageDeps extends RenderReadDeps {
  queues: Queues;
  clock: Clock;
  scrub: Scrub;
}

/** All that a page tells of a render. Scrubbed, but for the links. */
export interface RenderFacts {
  snapshot: RenderSnapshot;
  notes: Note[];
  deliveries: Delivery[];
  /** Addresses that work in the browser that asked, whatever it can send with a picture. */
  imageLinks: { image: string; thumbnail: string } | undefined;
  /** Whether the caller may look at the dashboard. */
  operator: boolean;
  now: number;
}

/** What is nice to know on top of the render itself may be late, or missing. */
const EXTRAS_LIMIT_MS = 1_500;
const PICTURE_MS = 3_600_000;

/** @throws {ProblemError} `render_not_found`; what the queue and the store throw. */
export async function readRenderFacts(deps: RenderPageDeps, request: FastifyRequest): Promise<RenderFacts> {
  const { queues, clock, scrub } = deps;
  const snapshot = await findRequestedRender(deps, request);
  const id = snapshot.renderId;
  const [notes, deliveries, imageLinks] = await Promise.all([
    snapshot.notes ?? withFallback(readLogNotes(queues, id), []),
    withFallback(findDeliveries(queues, id), []),
    snapshot.image && createImageLinks(deps.links, request, snapshot, clock.now() + PICTURE_MS),
  ]);
  const { key, tenant } = request.caller ?? {};
  return {
    ...(scrubDeep(scrub, { snapshot, notes, deliveries }) as Pick<
      RenderFacts,
      'snapshot' | 'notes' | 'deliveries'
    >),
    imageLinks,
    operator: !key || tenant === '*',
    now: clock.now(),
  };
}

async function readLogNotes(queues: Queues, id: string): Promise<Note[]> {
  const { logs } = await queues.render.getJobLogs(id);
  return logs.flatMap((line) => parseNote(line) ?? []);
}

/** A browser that gave its key for the page does not send it with the picture: links carry their own permission. */
async function createImageLinks(
  links: SignedLinks,
  request: FastifyRequest,
  snapshot: RenderSnapshot,
  until: number,
) {
  const self = `/v1/renders/${snapshot.renderId}`;
  const open = async (path: string) =>
    request.caller?.key ? await links.sign(path, snapshot.tenant, until).catch(() => path) : path;
  return { image: await open(`${self}/image`), thumbnail: await open(`${self}/thumbnail`) };
}

async function withFallback<T>(work: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, EXTRAS_LIMIT_MS, otherwise);
  });
  try {
    return await Promise.race([work.catch(() => otherwise), late]);
  } finally {
    clearTimeout(timer);
  }
}
