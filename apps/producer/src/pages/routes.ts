import type { FastifyInstance } from 'fastify';
import { registerHome } from './home.ts';
import { registerIcon } from './icon.ts';
import { registerProblemPages } from './problems.ts';
import { type RenderPageDeps, registerRenderPage } from './render/index.ts';

/** Everything that people look at, but for the dashboard and the API's reference. */
export function registerPages(app: FastifyInstance, deps: RenderPageDeps & { keyless: boolean }): void {
  registerHome(app, deps);
  registerProblemPages(app);
  registerRenderPage(app, deps);
  registerIcon(app);
}
