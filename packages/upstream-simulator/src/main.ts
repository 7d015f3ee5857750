import { styleText } from 'node:util';
import { readFlags } from './flags.ts';
import type { RequestRecord } from './requests.ts';
import { type Simulator, startSimulator } from './start.ts';

const { options, quiet, json } = readFlags(process.argv);

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function printRequest(request: RequestRecord): void {
  if (json) return print(JSON.stringify({ event: 'request', ...request }));
  const { status } = request;
  const color = status === undefined ? 'magenta' : status >= 400 ? 'red' : 'green';
  const answer = styleText(color, (status === undefined ? 'cut' : String(status)).padEnd(4));
  const took = styleText('dim', `${Math.round(request.ms)} ms`);
  print(`${new Date().toISOString().slice(11, 23)}  ${answer} ${request.method} ${request.url}  ${took}`);
}

function printStart({ url, apiKey, book }: Simulator): void {
  const { tasks } = book.totals();
  if (json) return print(JSON.stringify({ event: 'started', url, apiKey, tasks, pid: process.pid }));
  print(`
${styleText('bold', 'ToAPIs simulator')}  ${styleText('cyan', url)}
API key          ${apiKey}${tasks > 0 ? `\nTasks            ${tasks} from an earlier run` : ''}
Charges, faults  ${url}/__simulator

Buy an image:

  curl -s ${url}/v1/images/generations \\
    -H 'Authorization: Bearer ${apiKey}' -H 'Content-Type: application/json' \\
    -d '{"model":"gemini-3-pro-image-preview","prompt":"A red fox in fresh snow","size":"16:9","n":1}'

then query its status with the id in the answer:

  curl -s ${url}/v1/images/generations/TASK_ID -H 'Authorization: Bearer ${apiKey}'

A prompt with [[sim:refuse_content]] is refused; --help lists all faults. Press Ctrl-C to stop.
`);
}

async function main(): Promise<void> {
  const simulator = await startSimulator(quiet ? options : { ...options, onRequest: printRequest });
  const stop = (): void => {
    simulator.close().then(
      () => process.exit(0),
      (error: unknown) => exitWithError(error),
    );
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  printStart(simulator);
}

function exitWithError(error: unknown): never {
  process.stderr.write(`simulator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

main().catch(exitWithError);
