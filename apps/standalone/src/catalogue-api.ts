import type { CatalogueRunRequest, CatalogueRunResponse } from '@darkroom/api';
import { DarkroomError } from '@darkroom/client';
import { type DarkroomOptions, openTransport } from '@darkroom/client/transport';

/** The calls of a catalogue's run. The client has none of them yet. */
export interface CatalogueApi {
  /** Sends a file, unless the server has it. */
  putFile(catalogue: string, sha256: string, body: Uint8Array): Promise<void>;
  /** Starts a run, or finds the run with this name. */
  startRun(catalogue: string, request: CatalogueRunRequest): Promise<CatalogueRunResponse>;
  findRun(catalogue: string, run: string): Promise<CatalogueRunResponse | undefined>;
}

/** @param signal aborts every call */
export function openCatalogueApi(options: DarkroomOptions, signal: AbortSignal): CatalogueApi {
  const transport = openTransport(options);
  const common = { repeatable: true, signal };
  const read = <T>(path: string) => transport.sendForJson<T>({ ...common, method: 'GET', path });
  /** @returns `undefined` for a problem with this code */
  const find = async <T>(path: string, absent: DarkroomError['code']) => {
    try {
      return await read<T>(path);
    } catch (error) {
      if (error instanceof DarkroomError && error.code === absent) return undefined;
      throw error;
    }
  };
  const base = (catalogue: string) => `v1/catalogues/${catalogue}`;
  return {
    async putFile(catalogue, sha256, body) {
      const path = `${base(catalogue)}/files/${sha256}`;
      if (await find(path, 'catalogue_file_not_found')) return;
      const headers = { 'content-type': 'application/octet-stream' };
      await transport.sendForJson({
        ...common,
        method: 'PUT',
        path,
        headers,
        body: new Blob([Uint8Array.from(body)]),
      });
    },
    startRun: (catalogue, request) =>
      transport.sendForJson({
        ...common,
        method: 'POST',
        path: `${base(catalogue)}/runs`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
      }),
    findRun: (catalogue, run) => find(`${base(catalogue)}/runs/${run}`, 'catalogue_run_not_found'),
  };
}
