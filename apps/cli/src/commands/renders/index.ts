// list.ts, get.ts, why.ts, watch.ts, cancel.ts, resolve.ts, let-through.ts, buy-again.ts   one command each
// watch-run.ts    …watch --run: follows a run
// explain.ts      …why: what each cause and code means (pure)
// render-view.ts  renders as text, and their fields
import { buyAgainCommand } from './buy-again.ts';
import { cancelCommand } from './cancel.ts';
import { getCommand } from './get.ts';
import { letThroughCommand } from './let-through.ts';
import { listCommand } from './list.ts';
import { resolveCommand } from './resolve.ts';
import { watchCommand } from './watch.ts';
import { whyCommand } from './why.ts';

export const RENDER_COMMANDS = [
  listCommand,
  getCommand,
  whyCommand,
  watchCommand,
  cancelCommand,
  resolveCommand,
  letThroughCommand,
  buyAgainCommand,
];
