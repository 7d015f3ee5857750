import type {
  LimitListResponse,
  LimitRequest,
  LimitResponse,
  WorkerListResponse,
  WorkerResponse,
} from '@darkroom/api';
import type { Send } from './send.ts';

/** Limits and workers. */
export interface ControlApi {
  listLimits(): Promise<LimitResponse[]>;
  getLimit(name: string): Promise<LimitResponse>;
  setLimit(name: string, limit: LimitRequest): Promise<LimitResponse>;
  unsetLimit(name: string): Promise<LimitResponse>;
  listWorkers(): Promise<WorkerResponse[]>;
  drainWorker(name: string, reason: string): Promise<WorkerResponse>;
  undrainWorker(name: string): Promise<WorkerResponse>;
}

export function openControlApi(send: Send): ControlApi {
  const limitPath = (name: string) => `v1/limits/${encodeURIComponent(name)}`;
  const workerPath = (name: string, action: string) => `v1/workers/${encodeURIComponent(name)}/${action}`;
  return {
    listLimits: async () => (await send<LimitListResponse>('GET', 'v1/limits')).data,
    getLimit: (name) => send('GET', limitPath(name)),
    setLimit: (name, limit) => send('PUT', limitPath(name), limit),
    unsetLimit: (name) => send('DELETE', limitPath(name)),
    listWorkers: async () => (await send<WorkerListResponse>('GET', 'v1/workers')).data,
    drainWorker: (name, reason) => send('POST', workerPath(name, 'drain'), { reason }),
    undrainWorker: (name) => send('POST', workerPath(name, 'undrain')),
  };
}
