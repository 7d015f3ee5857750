import { openAsBlob } from 'node:fs';
import type {
  CatalogueFailuresResponse,
  CatalogueListResponse,
  CatalogueResponse,
  CatalogueRetry,
  CatalogueRunListResponse,
  CatalogueRunRequest,
  CatalogueRunResponse,
  CatalogueScheduleResponse,
  NewReview,
  ReviewListResponse,
  ReviewResponse,
  ReviewsResult,
} from '@darkroom/api';
import { DarkroomError } from '@darkroom/client';
import { buildQuery, collectPages, type Send } from './send.ts';

/** A run, named by its catalogue and its name. `tenant`: for keys of all tenants. */
export interface RunAddress {
  catalogue: string;
  run: string;
  tenant?: string | undefined;
}

/** Catalogues and their runs. */
export interface CatalogueApi {
  listCatalogues(tenant: string | undefined): Promise<CatalogueResponse[]>;
  listCatalogueRuns(
    catalogue: string,
    options: { tenant?: string | undefined; limit: number },
  ): Promise<CatalogueRunResponse[]>;
  getCatalogueRun(address: RunAddress): Promise<CatalogueRunResponse>;
  startCatalogueRun(catalogue: string, request: CatalogueRunRequest): Promise<CatalogueRunResponse>;
  cancelCatalogueRun(address: RunAddress, reason: string | undefined): Promise<CatalogueRunResponse>;
  getCatalogueFailures(address: RunAddress): Promise<CatalogueFailuresResponse>;
  retryCatalogueRun(address: RunAddress, retry: CatalogueRetry): Promise<CatalogueRunResponse>;
  scheduleCatalogue(catalogue: string, file: string): Promise<CatalogueScheduleResponse>;
  /** @returns the schedule that has ended */
  unscheduleCatalogue(catalogue: string, tenant: string | undefined): Promise<CatalogueScheduleResponse>;
  listReviews(catalogue: string, limit: number): Promise<ReviewResponse[]>;
  /** At most as many as one call can have. */
  saveReviews(catalogue: string, reviews: readonly NewReview[]): Promise<ReviewsResult>;
  /** Uploads a file unless the server has it. @returns whether it was sent */
  uploadCatalogueFile(catalogue: string, sha256: string, path: string): Promise<boolean>;
}

const PAGE = 100;
const REVIEWS_PAGE = 200;

/** @param put sends the body of a file */
export function openCatalogueApi(send: Send, put: (path: string, body: Blob) => Promise<void>): CatalogueApi {
  const encode = encodeURIComponent;
  const base = (catalogue: string) => `v1/catalogues/${encode(catalogue)}`;
  const runPath = ({ catalogue, run }: RunAddress, action = '') =>
    `${base(catalogue)}/runs/${encode(run)}${action}`;
  return {
    listCatalogues: async (tenant) =>
      (await send<CatalogueListResponse>('GET', `v1/catalogues${buildQuery({ tenant })}`)).data,
    listCatalogueRuns: (catalogue, { tenant, limit }) =>
      collectPages(limit, (cursor) =>
        send<CatalogueRunListResponse>(
          'GET',
          `${base(catalogue)}/runs${buildQuery({ tenant, limit: Math.min(limit, PAGE), cursor })}`,
        ),
      ),
    getCatalogueRun: (address) => send('GET', `${runPath(address)}${buildQuery({ tenant: address.tenant })}`),
    // A second start is the same run.
    startCatalogueRun: (catalogue, request) => send('POST', `${base(catalogue)}/runs`, request),
    cancelCatalogueRun: (address, reason) =>
      send(
        'POST',
        `${runPath(address, '/cancel')}${buildQuery({ tenant: address.tenant })}`,
        reason === undefined ? {} : { reason },
      ),
    getCatalogueFailures: (address) =>
      send('GET', `${runPath(address, '/failures')}${buildQuery({ tenant: address.tenant })}`),
    // A second retry is the same run.
    retryCatalogueRun: (address, retry) =>
      send('POST', `${runPath(address, '/retry')}${buildQuery({ tenant: address.tenant })}`, retry),
    scheduleCatalogue: (catalogue, file) => send('PUT', `${base(catalogue)}/schedule`, { file }),
    unscheduleCatalogue: (catalogue, tenant) =>
      send('DELETE', `${base(catalogue)}/schedule${buildQuery({ tenant })}`, undefined, false),
    listReviews: (catalogue, limit) =>
      collectPages(limit, (cursor) =>
        send<ReviewListResponse>(
          'GET',
          `${base(catalogue)}/reviews${buildQuery({ limit: Math.min(limit, REVIEWS_PAGE), cursor })}`,
        ),
      ),
    // Sending them again writes the same reviews.
    saveReviews: (catalogue, reviews) => send('POST', `${base(catalogue)}/reviews`, { reviews }),
    uploadCatalogueFile: async (catalogue, sha256, path) => {
      const to = `${base(catalogue)}/files/${sha256}`;
      try {
        await send('GET', to);
        return false;
      } catch (error) {
        if (!(error instanceof DarkroomError) || error.code !== 'catalogue_file_not_found') throw error;
      }
      await put(to, await openAsBlob(path));
      return true;
    },
  };
}
