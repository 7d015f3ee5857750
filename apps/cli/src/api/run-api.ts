import type {
  FinalStatus,
  RedrivePlanResponse,
  RunListResponse,
  RunRequest,
  RunResponse,
  RunResultLine,
} from '@darkroom/api';
import { buildQuery, collectPages, type Send } from './send.ts';

/** Which run: its tenant is needed only with a key of an operator of all tenants. */
export interface NamedRun {
  id: string;
  tenant: string | undefined;
}

export interface RunApi {
  createRun(run: RunRequest): Promise<RunResponse>;
  listRuns(tenant: string | undefined, limit: number): Promise<RunResponse[]>;
  getRun(run: NamedRun): Promise<RunResponse>;
  sealRun(run: NamedRun, reason: string | undefined): Promise<RunResponse>;
  cancelRun(run: NamedRun, reason: string | undefined): Promise<RunResponse>;
  planRunRedrive(run: NamedRun): Promise<RedrivePlanResponse>;
  /** The results, line by line as they arrive. */
  readRunResults(
    run: NamedRun,
    options: { status: readonly FinalStatus[] | undefined; expand: boolean },
  ): AsyncGenerator<RunResultLine, void, void>;
}

const PAGE = 50;

/** @param readLines the lines of a response that is too large to be in memory */
export function openRunApi(send: Send, readLines: (path: string) => AsyncGenerator<string>): RunApi {
  const pathOf = ({ id }: NamedRun, action = '') => `v1/runs/${encodeURIComponent(id)}${action}`;
  const change = <T>(run: NamedRun, action: string, body?: object) =>
    send<T>('POST', `${pathOf(run, action)}${buildQuery({ tenant: run.tenant })}`, body);
  return {
    createRun: (run) => send('POST', 'v1/runs', run, run.id !== undefined),
    listRuns: (tenant, limit) =>
      collectPages(limit, (cursor) =>
        send<RunListResponse>(
          'GET',
          `v1/runs${buildQuery({ tenant, limit: Math.min(limit, PAGE), cursor })}`,
        ),
      ),
    getRun: (run) => send('GET', `${pathOf(run)}${buildQuery({ tenant: run.tenant })}`),
    sealRun: (run, reason) => change(run, '/seal', { reason }),
    cancelRun: (run, reason) => change(run, '/cancel', { reason }),
    planRunRedrive: (run) => change(run, '/redrive'),
    async *readRunResults(run, { status, expand }) {
      const query = buildQuery({
        tenant: run.tenant,
        status: status?.join(','),
        expand: expand ? 'render' : undefined,
      });
      for await (const line of readLines(`${pathOf(run, '/results')}${query}`))
        yield JSON.parse(line) as RunResultLine;
    },
  };
}
