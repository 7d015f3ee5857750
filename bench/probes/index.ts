// process.ts         CPU time and memory of a process, from /proc
// heap.ts            the heap of a Node process, through its inspector
// redis.ts           commands, bytes and memory of a Redis
// sent-commands.ts   the commands that clients send to a Redis
export * from './heap.ts';
export * from './process.ts';
export * from './redis.ts';
export * from './sent-commands.ts';
