// daemon.ts      a server that belongs to this process: started, watched, ended by its own pid
// spawn-node.ts  a Darkroom process under test: lines, signals, exit
// lines.ts       the lines a process wrote, and waiting for one
// output.ts      everything that processes wrote in a whole run, in one file
// tether.ts      children that the kernel ends when their parent is gone
// port.ts        a free loopback port
export { type Daemon, startDaemon } from './daemon.ts';
export { appendToRun, openRunOutput, runOutput, setRunOutput } from './output.ts';
export { freePort } from './port.ts';
export { type NodeProcess, type SpawnNodeOptions, spawnNode } from './spawn-node.ts';
