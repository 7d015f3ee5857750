// pulse.ts     whether work moves
// metrics.ts   the worker's numbers
// server.ts    /healthz, /readyz, /metrics
export * from './metrics.ts';
export * from './pulse.ts';
export * from './server.ts';
