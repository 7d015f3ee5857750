import {
  type RenderDetailResponse,
  type RenderResponse,
  renderDetailSchema,
  renderSchema,
} from '@darkroom/api';
import {
  formatDuration,
  formatFacts,
  formatTable,
  formatTime,
  type Style,
  showSafely,
} from '../../output/index.ts';

export const RENDER_FIELDS = Object.keys(renderSchema.shape);
export const RENDER_DETAIL_FIELDS = Object.keys(renderDetailSchema.shape);

type Color = Parameters<Style>[0];
const STATUS_COLORS: Record<RenderResponse['status'], Color> = {
  queued: 'dim',
  rendering: 'cyan',
  storing: 'cyan',
  completed: 'green',
  failed: 'red',
  canceled: 'yellow',
};

export const showStatus = ({ status }: Pick<RenderResponse, 'status'>, style: Style) =>
  style(STATUS_COLORS[status], status);

/** What was charged, and what may have been charged. */
export function formatCost({ cost }: Pick<RenderResponse, 'cost'>): string {
  const { spent, refunded, possibly_spent: possible } = cost;
  const more = [
    ...(Number(refunded) > 0 ? [`$${refunded} refunded`] : []),
    ...(Number(possible) > 0 ? [`possibly $${possible} more`] : []),
  ];
  return [`$${spent}`, ...more].join(', ');
}

/** Why it waits or failed, in one word or two. */
function formatReason({ error, waiting_for: waiting }: RenderResponse): string {
  if (error) return error.code;
  return waiting ? `waits: ${waiting.cause}` : '';
}

export function formatRenderTable(renders: readonly RenderResponse[], now: number, style: Style): string {
  const rows = renders.map((render) => [
    render.id,
    showStatus(render, style),
    formatDuration(now - Date.parse(render.created_at)),
    render.run ?? '',
    render.tenant,
    `$${render.cost.spent}`,
    formatReason(render),
  ]);
  return formatTable(['ID', 'STATUS', 'AGE', 'RUN', 'TENANT', 'SPENT', 'REASON'], rows, 'No renders match.');
}

/** The renders ahead, what the provider says, and when the render is ready. */
export function formatForecast(
  {
    queue_position: position,
    provider,
    eta,
    eta_p90: latest,
    eta_reason: reason,
  }: Pick<RenderDetailResponse, 'queue_position' | 'provider' | 'eta' | 'eta_p90' | 'eta_reason'>,
  now: number,
): [string, string | undefined][] {
  const ready =
    eta === null || latest === null
      ? reason !== null && reason !== 'ended'
        ? `not known: ${reason}`
        : undefined
      : `about ${formatTime(eta, now)}; nine of ten before ${formatTime(latest, now)}`;
  return [
    ['ahead', position === null ? undefined : `${position - 1} ${position === 2 ? 'render' : 'renders'}`],
    ['provider', provider.progress === null ? undefined : `${provider.progress} %`],
    ['ready', ready],
  ];
}

export function formatRender(render: RenderDetailResponse, now: number, style: Style): string {
  const { image, error, request, webhook } = render;
  const metadata = Object.entries(render.metadata).map(([name, value]) => `${name}=${String(value)}`);
  const waiting = render.waiting_for;
  const orNone = (value: string | number | null) => (value === null ? undefined : String(value));
  return formatFacts([
    ['id', render.id],
    [
      'status',
      `${showStatus(render, style)}${render.status === 'rendering' ? `, ${render.progress} %` : ''}`,
    ],
    ['waits for', waiting ? [waiting.cause, waiting.reason].filter(Boolean).join(': ') : undefined],
    ['error', error ? `${error.code} in step ${error.step}: ${showSafely(error.message)}` : undefined],
    ['prompt', showSafely(request.prompt)],
    ['model', [request.model, request.size, request.resolution, request.priority].filter(Boolean).join(', ')],
    ['tenant', render.tenant],
    ['run', orNone(render.run)],
    ['copy of', render.copy_of],
    ['metadata', metadata.length > 0 ? showSafely(metadata.join(', ')) : undefined],
    ['created', formatTime(render.created_at, now)],
    ['updated', formatTime(render.updated_at, now)],
    ...formatForecast(render, now),
    ['cost', formatCost(render)],
    ['tasks', render.task_ids.join(', ') || undefined],
    ['image', image ? `${image.key} (${image.width} × ${image.height}, ${image.bytes} bytes)` : undefined],
    ['warnings', image?.warnings?.join(' ')],
    ['webhook', webhook ? `${webhook.status} after ${webhook.attempts} attempts` : undefined],
    ['page', render.links.page],
  ]);
}
