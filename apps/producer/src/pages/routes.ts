import type { FastifyInstance } from 'fastify';
import { homeRoute } from './home.ts';
import { iconRoute } from './icon.ts';
import { problemRoutes } from './problems.ts';
import { type RenderPageDeps, renderPageRoute } from './render/index.ts';

/** Everything that people look at, but for the dashboard and the API's reference. */
export function pagesRoutes(app: FastifyInstance, deps: RenderPageDeps & { keyless: boolean }): void {
  homeRoute(app, deps);
  problemRoutes(app);
  renderPageRoute(app, deps);
  iconRoute(app);
}
