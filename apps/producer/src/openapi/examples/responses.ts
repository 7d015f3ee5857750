import type {
  AcceptedResponse,
  AuditEntryResponse,
  AuditListResponse,
  BulkItem,
  BulkResponse,
  BulkSummary,
  CopyResponse,
  DeliveryListResponse,
  DeliveryResponse,
  KeyListResponse,
  KeyResponse,
  NewKeyResponse,
  PauseListResponse,
  PauseResponse,
  ProgressEvent,
  QueueListResponse,
  QueueResponse,
  RenderDetailResponse,
  RenderEvent,
  RenderListResponse,
  RenderResponse,
} from '@darkroom/api';
import { BATCH_EXAMPLES } from './batches.ts';
import { CATALOGUE_EXAMPLES } from './catalogues.ts';
import { CONTROL_EXAMPLES } from './controls.ts';
import { DEAD_LETTER_EXAMPLES } from './dead-letters.ts';
import { MONEY_EXAMPLES } from './money.ts';
import { createProblemExample } from './problems.ts';
import { RUN_EXAMPLES } from './runs.ts';

/** The id of the render in the examples, and the URL of the API. */
export const EXAMPLE_ID = 'rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7';
export const EXAMPLE_BASE = 'http://127.0.0.1:3000';

const links = {
  self: `${EXAMPLE_BASE}/v1/renders/${EXAMPLE_ID}`,
  page: `${EXAMPLE_BASE}/renders/${EXAMPLE_ID}`,
  dashboard: `${EXAMPLE_BASE}/queues/queue/render/${EXAMPLE_ID}`,
};

const accepted: AcceptedResponse = {
  id: EXAMPLE_ID,
  object: 'render',
  status: 'queued',
  progress: 0,
  duplicate: false,
  durability: 'journal',
  created_at: '2026-11-22T16:00:45.349Z',
  links,
};

const pause: PauseResponse = {
  object: 'pause',
  name: 'acme-template',
  scope: { tenant: 'acme', run: null, model: null, queue: null },
  reason: 'Wrong prompt template',
  owner: 'ann',
  actor: 'key *:operate+read:1d0f7a2c…',
  since: '2026-11-22T16:00:45.349Z',
  until: null,
};

export const RENDER_EXAMPLE: RenderResponse = {
  id: EXAMPLE_ID,
  object: 'render',
  status: 'completed',
  progress: 100,
  waiting_for: null,
  attempts: 1,
  task_ids: ['task_img_abc123'],
  created_at: '2026-11-22T16:00:45.349Z',
  updated_at: '2026-11-22T16:01:12.110Z',
  started_at: '2026-11-22T16:00:45.749Z',
  completed_at: '2026-11-22T16:01:12.110Z',
  tenant: 'shop',
  run: 'autumn-catalogue',
  metadata: { sku: '1042' },
  request: {
    model: 'gemini-3-pro-image-preview',
    prompt: 'Hand-thrown stoneware mug on a linen cloth',
    size: '1:1',
    resolution: '2K',
    priority: 'interactive',
    images: 0,
    mask: false,
  },
  image: {
    key: `images/${EXAMPLE_ID}.jpg`,
    url: `${links.self}/image`,
    sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    bytes: 133409,
    width: 2048,
    height: 2048,
    content_type: 'image/jpeg',
    thumbnail_url: `${links.self}/thumbnail`,
    url_expires_at: null,
  },
  cost: { spent: '0.030', refunded: '0.000', possibly_spent: '0.000', currency: 'USD', purchases: 1 },
  error: null,
  links,
};

const detail: RenderDetailResponse = {
  ...RENDER_EXAMPLE,
  queue_position: null,
  provider: { progress: null, position: null, position_reason: 'not_at_provider' },
  eta: null,
  eta_p90: null,
  eta_reason: 'ended',
  webhook: { status: 'delivered', attempts: 1, last_error: null, next_attempt_at: null },
};

const items: BulkItem[] = [
  { index: 0, status: 202, render: accepted },
  { index: 1, status: 422, error: createProblemExample('invalid_request') },
];
const counts = { object: 'bulk', accepted: 1, duplicates: 0, rejected: 1 } as const;

const delivery: DeliveryResponse = {
  id: `msg_${EXAMPLE_ID}_completed_0`,
  object: 'delivery',
  render_id: EXAMPLE_ID,
  event: 'render.completed',
  host: 'shop.example.com',
  status: 'pending',
  attempts: 2,
  created_at: '2026-11-22T16:01:12.180Z',
  next_attempt_at: '2026-11-22T16:03:40.000Z',
  last_error: 'the receiver answered 500',
};

const auditEntry: AuditEntryResponse = {
  id: 'aud_0a1b2c3d4e5f60718293a4b5',
  object: 'audit_entry',
  at: '2026-11-22T16:00:00.000Z',
  actor: 'key *:…:5f1c0d7a…',
  source: 'api',
  action: 'queue.pause',
  target: { kind: 'queue', id: 'submit' },
  tenant: '*',
  reason: 'The provider has announced maintenance until 18:00.',
  before: { paused: false },
  after: { paused: true, reason: 'The provider has announced maintenance until 18:00.' },
};

const queue: QueueResponse = {
  object: 'queue',
  name: 'submit',
  paused: {
    actor: 'key *:…:9f86d081…',
    reason: 'The provider has announced maintenance until 18:00.',
    since: '2026-11-22T16:00:00.000Z',
  },
};

const key: KeyResponse = {
  object: 'key',
  id: 'key_9f86d081884c7d65',
  tenant: 'shop',
  roles: ['enqueue', 'read'],
  source: 'store',
  name: 'catalogue service',
  rate: null,
  body_bytes: null,
  created_at: '2026-11-22T16:00:00.000Z',
  created_by: 'key *:…:5f1c0d7a…',
  revoked: null,
};

/** By the id of the component. */
export const RESPONSE_EXAMPLES: Record<string, unknown> = {
  ...DEAD_LETTER_EXAMPLES,
  ...MONEY_EXAMPLES,
  ...CATALOGUE_EXAMPLES,
  ...CONTROL_EXAMPLES,
  ...BATCH_EXAMPLES,
  ...RUN_EXAMPLES,
  Accepted: accepted,
  Render: RENDER_EXAMPLE,
  RenderDetail: detail,
  RenderList: { object: 'list', data: [RENDER_EXAMPLE], next_cursor: null } satisfies RenderListResponse,
  Bulk: { ...counts, items } satisfies BulkResponse,
  BulkItem: items[0] satisfies BulkItem | undefined,
  BulkLine: items[0],
  BulkSummary: counts satisfies BulkSummary,
  Progress: { id: EXAMPLE_ID, status: 'rendering', progress: 42 } satisfies ProgressEvent,
  Copy: {
    object: 'copy',
    id: 'rnd_0a1b2c3d4e5f60718293a4b5c6d7e8f9',
    copy_of: EXAMPLE_ID,
    status: 'queued',
    duplicate: false,
    price: '0.030',
    currency: 'USD',
    links: {
      self: 'http://127.0.0.1:3000/v1/renders/rnd_0a1b2c3d4e5f60718293a4b5c6d7e8f9',
      page: 'http://127.0.0.1:3000/renders/rnd_0a1b2c3d4e5f60718293a4b5c6d7e8f9',
    },
  } satisfies CopyResponse,
  Delivery: delivery,
  DeliveryList: { object: 'list', data: [delivery] } satisfies DeliveryListResponse,
  Key: key,
  NewKey: { ...key, key: 'dk_…' } satisfies NewKeyResponse,
  KeyList: { object: 'list', data: [key] } satisfies KeyListResponse,
  Pause: pause,
  PauseList: { object: 'list', data: [pause] } satisfies PauseListResponse,
  Queue: queue,
  AuditEntry: auditEntry,
  AuditList: { object: 'list', data: [auditEntry], next_cursor: null } satisfies AuditListResponse,
  QueueList: { object: 'list', data: [queue] } satisfies QueueListResponse,
  WebhookEvent: {
    type: 'render.completed',
    timestamp: '2026-11-22T16:01:12.110Z',
    data: RENDER_EXAMPLE,
  } satisfies RenderEvent,
  // Responses of the drop-in endpoint.
  GenerationTask: {
    id: EXAMPLE_ID,
    object: 'generation.task',
    model: 'gemini-3-pro-image-preview',
    status: 'completed',
    progress: 100,
    created_at: 1795363245,
    completed_at: 1795363272,
    expires_at: 1795366872,
    metadata: {},
    result: { type: 'image', data: [{ url: `${links.self}/image` }] },
    url: `${links.self}/image`,
  },
  Balance: { success: true, remain_balance: 12.5, used_balance: 7.5, unlimited_quota: false },
  Unsuccessful: { success: false, message: 'The provider did not answer. Try again soon.' },
};
