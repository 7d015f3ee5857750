// Is the worker alive, ready, and does work move?
//
// work-monitor.ts    counts jobs, finds out whether work moves
// health-server.ts   /healthz, /readyz, /metrics
export * from './health-server.ts';
export * from './work-monitor.ts';
