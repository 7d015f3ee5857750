// daemon.ts            a server that belongs to this process: started, watched, ended by its own pid
// spawn-node.ts        a Darkroom process under test: its lines, signals and exit
// lines.ts             the lines that a process wrote, and the wait for a line
// output.ts            one file with everything that the processes of a run wrote
// kill-with-parent.ts  makes the kernel end children when their parent has ended
// port.ts              finds a free loopback port
export { type Daemon, startDaemon } from './daemon.ts';
export { appendToRun, openRunOutput, runOutput, setRunOutput } from './output.ts';
export { freePort } from './port.ts';
export { type NodeProcess, type SpawnNodeOptions, spawnNode } from './spawn-node.ts';
