// readiness.ts   whether queue and store answer; checked at most once per second (main decision: createReadiness)
// metrics.ts     the metrics for Prometheus
// routes.ts      GET /healthz, /readyz, /metrics
export * from './metrics.ts';
export * from './readiness.ts';
export * from './routes.ts';
