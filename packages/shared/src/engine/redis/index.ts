// redis-engine.ts  the engine on Redis: one server, a cluster or sentinels
// connections.ts   connections that fail fast and connections that wait, for three topologies
// backends.ts      BullMQ backends for queues, with a time limit, and for workers, with a pause after errors
// job-reads.ts    reads of many jobs in one round trip
// redis-leases.ts  leases, by the clock of Redis
// permissions.ts   which commands the queues need; an error names those that Redis denies
// write-sync.ts    waits until Redis has written its append-only file to the disk (WAITAOF)
// facts.ts         what this Redis says about itself, and what an operator should change
export { openRedisEngine } from './redis-engine.ts';
