// redis-engine.ts  the engine on Redis: one server, a cluster or sentinels
// connections.ts   connections that fail fast and connections that wait, for three topologies
// backends.ts      BullMQ backends with a time limit for queues and a pause after errors for workers
// advice.ts        what an operator should change at a Redis
export { openRedisEngine } from './redis-engine.ts';
