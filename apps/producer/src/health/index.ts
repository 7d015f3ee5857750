// readiness.ts   whether queue and store answer, looked at once a second at the most
// metrics.ts     what Prometheus reads
// routes.ts      /healthz, /readyz, /metrics
export * from './metrics.ts';
export * from './readiness.ts';
export * from './routes.ts';
