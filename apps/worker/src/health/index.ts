// pulse.ts     whether work moves
// metrics.ts   the worker's numbers
// server.ts    /healthz, /readyz, /metrics
export * from '../stage/metrics.ts';
export * from './health-server.ts';
export * from './work-monitor.ts';
