// throughput.ts    renders per second, compared with the bare skeleton
// engine-cost.ts   commands and bytes of Redis per render
// memory.ts        memory of the worker while it stores images
// intake.ts        throughput, memory and delivery latency of the producer
export { engineCost } from './engine-cost.ts';
export { intake } from './intake.ts';
export { memory } from './memory.ts';
export { throughput } from './throughput.ts';
