import type { ReconcileResponse } from '@darkroom/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasRole } from '../../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../../backends/index.ts';
import { type Endpoint, registerEndpoints } from '../../endpoint.ts';
import { parseBodiesAsBytes } from '../../http/index.ts';
import { listReports, type ReconcileDeps, reconcileRequested } from '../../reconcile/index.ts';
import { sendErrorPage } from '../error-page.ts';
import { MAX_FORM_BYTES, readForm } from '../form.ts';
import { sendPage } from '../layout.ts';
import { createReconcileView } from './view.ts';

const LATEST = 10;

/** `/reconcile`: compares the books with the provider's balance, and shows the latest reports. */
export function registerReconcilePage(app: FastifyInstance, deps: ReconcileDeps): void {
  const withErrorPage =
    (run: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>): Endpoint['run'] =>
    async (request, reply) => {
      try {
        return await run(request, reply);
      } catch (error) {
        return await sendErrorPage(request, reply, error);
      }
    };
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/reconcile', {
      GET: {
        needs: 'overseer',
        run: withErrorPage((request, reply) => sendReports(deps, request, reply)),
      },
      POST: {
        needs: 'operator',
        bodyLimit: MAX_FORM_BYTES,
        run: withErrorPage(async (request, reply) => {
          const { resolve, ...fields } = Object.fromEntries(readForm(request));
          const report = await reconcileRequested(deps, request, {
            ...fields,
            ...(resolve === 'yes' ? { resolve: true } : {}),
          });
          return await sendReports(deps, request, reply, report);
        }),
      },
    });
  });
}

async function sendReports(
  { store }: ReconcileDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  created?: ReconcileResponse,
) {
  const reports = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    listReports(store, LATEST, signal),
  );
  const mayCreate = request.caller !== undefined && hasRole(request.caller, 'operator');
  return await sendPage(reply, created ? 201 : 200, {
    title: 'Reconciliation',
    body: createReconcileView(reports, { mayCreate, created }),
  });
}
