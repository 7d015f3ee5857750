// pages.ts         GET /workers, and the forms that change limits and drain workers
// workers-view.ts  the workers and their drains (pure)
// limits-view.ts   the limits and their overrides (pure)
export { registerWorkersPage, type WorkersPageDeps } from './pages.ts';
