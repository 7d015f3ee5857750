// throughput.ts    renders per second, compared with the bare skeleton
// engine-cost.ts   commands and bytes of Redis per render
// memory.ts        memory of the worker while it stores images
// decode.ts        memory and time of decoding images, without a queue
// intake.ts        throughput, memory and delivery latency of the producer
// lists.ts         time of a list with a backlog
// pages.ts        time of the overview and of lists with many renders
// journal.ts       what the intake journal costs
// catalogue.ts     time, memory, bytes, counts and ETA of runs of a catalogue
// plan.ts          time and memory of planning a catalogue
// redrive.ts       pace, memory and progress of a redrive whose worker is killed twice
// restore.ts       time, memory and requests of a restore
export { catalogue } from './catalogue.ts';
export { decode } from './decode.ts';
export { engineCost } from './engine-cost.ts';
export { intake } from './intake.ts';
export { journal } from './journal.ts';
export { lists } from './lists.ts';
export { memory } from './memory.ts';
export { pages } from './pages.ts';
export { plan } from './plan.ts';
export { redrive } from './redrive.ts';
export { restore } from './restore.ts';
export { throughput } from './throughput.ts';
