import { Readable } from 'node:stream';
import { BATCH_LIMITS } from '@darkroom/api';
import { type FileRecord, fileResponse } from '@darkroom/shared/batches';
import { randomHex } from '@darkroom/shared/render';
import type { FastifyInstance } from 'fastify';
import { describeCaller, requireTenant } from '../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { drainUnreadBody, liftBodyTimeout, noQuery, readQuery, sendLines } from '../http/index.ts';
import { deleteFileDoc, getContentDoc, getFileDoc, listFilesDoc, uploadDoc } from './docs.ts';
import { type BatchEndpointDeps, batchNotFound, chooseTenant, fileNotFound, findFile } from './find.ts';
import { listBatchResults } from './list-results.ts';
import { formatPage, takePage } from './pages.ts';
import { fileListParams, tenantParams } from './params.ts';
import { FORM_BYTES, storeUpload } from './store-upload.ts';

/** Their records are read one by one. */
const MAX_PAGE = 100;
/** For a file of 200 MB: about 70 KB per second. */
const UPLOAD_MS = 3_000_000;

/** Everything below `/v1/files`. */
export function registerFiles(app: FastifyInstance, deps: BatchEndpointDeps): void {
  app.register(async (scope) => {
    // The form is read as a stream.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    registerEndpoints(scope, '/v1/files', { GET: listEndpoint(deps), POST: uploadEndpoint(deps) });
  });
  registerEndpoints(app, '/v1/files/:id', { GET: getEndpoint(deps), DELETE: deleteEndpoint(deps) });
  registerEndpoints(app, '/v1/files/:id/content', { GET: contentEndpoint(deps) });
}

const uploadEndpoint = ({ files, clock }: BatchEndpointDeps): Endpoint => ({
  needs: 'enqueue',
  bodyLimit: BATCH_LIMITS.fileBytes + FORM_BYTES,
  doc: uploadDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    drainUnreadBody(request, reply);
    liftBodyTimeout(request);
    const tenant = requireTenant(request);
    const id = `file-${randomHex(16)}`;
    const upload = await withStoreDeadline(UPLOAD_MS, (signal) =>
      storeUpload(files, { tenant, id }, request, signal),
    );
    const { filename, bytes, ...content } = upload;
    const file: FileRecord = {
      tenant,
      id,
      purpose: 'batch',
      filename: filename.slice(0, 255),
      bytes,
      content,
      createdAt: clock.now(),
      actor: describeCaller(request.caller),
    };
    await withStoreDeadline(STORE_DEADLINE_MS.several, (signal) => files.writeRecord(file, { signal }));
    return await reply.send(fileResponse(file));
  },
});

const listEndpoint = (deps: BatchEndpointDeps): Endpoint => ({
  needs: 'read',
  doc: listFilesDoc,
  run: async (request, reply) => {
    const { tenant, limit = 20, after, purpose } = readQuery(fileListParams, request);
    const owner = chooseTenant(request, tenant, fileNotFound);
    const last = after === undefined ? undefined : await findFile(deps, owner, after);
    const { items, hasMore } = await withStoreDeadline(STORE_DEADLINE_MS.several, (signal) =>
      takePage(
        deps.files.list(owner, last, { signal }),
        Math.min(limit, MAX_PAGE),
        (file) => purpose === undefined || file.purpose === purpose,
      ),
    );
    return await reply.send(formatPage(items.map(fileResponse), hasMore));
  },
});

const getEndpoint = (deps: BatchEndpointDeps): Endpoint => ({
  needs: 'read',
  doc: getFileDoc,
  run: async (request, reply) => {
    const { tenant } = readQuery(tenantParams, request);
    const { id } = request.params as { id: string };
    const file = await findFile(deps, chooseTenant(request, tenant, fileNotFound), id);
    return await reply.send(fileResponse(file));
  },
});

const deleteEndpoint = (deps: BatchEndpointDeps): Endpoint => ({
  needs: 'enqueue',
  doc: deleteFileDoc,
  run: async (request, reply) => {
    const { tenant } = readQuery(tenantParams, request);
    const { id } = request.params as { id: string };
    const file = await findFile(deps, chooseTenant(request, tenant, fileNotFound), id);
    await withStoreDeadline(STORE_DEADLINE_MS.several, (signal) => deps.files.delete(file, { signal }));
    return await reply.send({ id, object: 'file', deleted: true });
  },
});

const contentEndpoint = (deps: BatchEndpointDeps): Endpoint => ({
  needs: 'read',
  doc: getContentDoc,
  run: async (request, reply) => {
    const { tenant } = readQuery(tenantParams, request);
    const { id } = request.params as { id: string };
    const file = await findFile(deps, chooseTenant(request, tenant, fileNotFound), id);
    const { content } = file;
    if ('batch' in content) {
      const ref = { tenant: file.tenant, id: content.batch };
      const batch = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
        deps.batches.read(ref, { signal }),
      );
      if (!batch) throw batchNotFound();
      return await sendLines(request, reply, listBatchResults(deps, request, batch, content.part));
    }
    reply.type('application/octet-stream').header('content-length', file.bytes);
    if (request.method === 'HEAD') return await reply.send();
    return await reply.send(Readable.from(deps.files.readContent(file), { objectMode: false }));
  },
});
