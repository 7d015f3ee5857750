import type {
  DeadLetterDetailResponse,
  DeadLetterFilter,
  DeadLetterGroupKind,
  DeadLetterListResponse,
  DeadLetterResponse,
  DeadLetterSummaryResponse,
  DiscardRequest,
  DiscardResponse,
  RedriveItem,
  RedriveItemListResponse,
  RedriveItemStatus,
  RedriveListResponse,
  RedrivePlanResponse,
  RedriveRequest,
  RedriveResponse,
} from '@darkroom/api';
import { buildQuery, collectPages, type Send } from './send.ts';

/** Ids, or a filter. */
export type Selection = Pick<RedriveRequest, 'ids' | 'filter'>;

/** Dead letters and redrives. */
export interface RedriveApi {
  listDeadLetters(filter: DeadLetterFilter, limit: number): Promise<DeadLetterResponse[]>;
  getDeadLetter(id: string): Promise<DeadLetterDetailResponse>;
  summarizeDeadLetters(filter: DeadLetterFilter, by: DeadLetterGroupKind): Promise<DeadLetterSummaryResponse>;
  /** At most 1,000 per call: `remaining` says how many are left. */
  discardDeadLetters(request: DiscardRequest): Promise<DiscardResponse>;
  planRedrive(selection: Selection): Promise<RedrivePlanResponse>;
  getPlan(id: string): Promise<RedrivePlanResponse>;
  executePlan(request: RedriveRequest & { plan: string }): Promise<RedriveResponse>;
  listRedrives(limit: number): Promise<RedriveResponse[]>;
  getRedrive(id: string): Promise<RedriveResponse>;
  listRedriveItems(id: string, statuses: readonly RedriveItemStatus[], limit: number): Promise<RedriveItem[]>;
  controlRedrive(
    id: string,
    action: 'pause' | 'resume' | 'cancel',
    reason: string | undefined,
  ): Promise<RedriveResponse>;
}

const PAGE = 100;

export function openRedriveApi(send: Send): RedriveApi {
  const encode = encodeURIComponent;
  const toQuery = ({ code, ...filter }: DeadLetterFilter) => ({
    ...filter,
    code: [code ?? []].flat().join(',') || undefined,
  });
  return {
    listDeadLetters: (filter, limit) =>
      collectPages(limit, (cursor) =>
        send<DeadLetterListResponse>(
          'GET',
          `v1/dead-letters${buildQuery({ ...toQuery(filter), limit: Math.min(limit, PAGE), cursor })}`,
        ),
      ),
    getDeadLetter: (id) => send('GET', `v1/dead-letters/${encode(id)}`),
    summarizeDeadLetters: (filter, by) =>
      send('GET', `v1/dead-letters/summary${buildQuery({ ...toQuery(filter), group_by: by })}`),
    discardDeadLetters: (request) => send('POST', 'v1/dead-letters/discard', request),
    planRedrive: (selection) => send('POST', 'v1/redrives', { ...selection, dry_run: true }),
    getPlan: (id) => send('GET', `v1/redrive-plans/${encode(id)}`),
    // A plan is executed once, so sending it again after a lost answer starts no second redrive.
    executePlan: (request) => send('POST', 'v1/redrives', request),
    listRedrives: (limit) =>
      collectPages(limit, (cursor) =>
        send<RedriveListResponse>(
          'GET',
          `v1/redrives${buildQuery({ limit: Math.min(limit, PAGE), cursor })}`,
        ),
      ),
    getRedrive: (id) => send('GET', `v1/redrives/${encode(id)}`),
    listRedriveItems: (id, statuses, limit) =>
      collectPages(limit, (cursor) =>
        send<RedriveItemListResponse>(
          'GET',
          `v1/redrives/${encode(id)}/items${buildQuery({ status: statuses.join(','), limit: Math.min(limit, PAGE), cursor })}`,
        ),
      ),
    controlRedrive: (id, action, reason) =>
      send('POST', `v1/redrives/${encode(id)}/${action}`, reason === undefined ? {} : { reason }),
  };
}
