import type { FastifyInstance, FastifyReply } from 'fastify';
import type { World } from '../context.ts';
import { FAULT_KINDS, type FaultRule } from '../faults/fault-kinds.ts';
import { parseRule } from '../faults/fault-syntax.ts';
import { type Checked, refuse } from './submission.ts';

const MAP = {
  'GET /__simulator/book': 'every task and what it cost, in micro-dollars; ?client_business_id= for one',
  'GET /__simulator/requests': 'requests by category and answer, quota violations, submissions per second',
  'GET /__simulator/faults': 'rules in force, how often each kind struck, and all kinds',
  'PUT /__simulator/faults': 'replace all rules: an array of rules',
  'POST /__simulator/faults': 'add one rule',
  'DELETE /__simulator/faults': 'remove all rules',
  'PUT /__simulator/balance': '{"balance": dollars} or {"balance": null} for unlimited',
  'POST /__simulator/tasks/{id}/complete': 'end a running task now; also /fail and /expire',
  'POST /__simulator/webhook-test': 'send endpoint.test',
};

/** `/__simulator/…`: what the real provider does not have. Open to everybody who reaches the port. */
export function controlRoutes(app: FastifyInstance, world: World): void {
  app.get('/__simulator', async () => MAP);

  app.get<{ Querystring: { client_business_id?: string } }>('/__simulator/book', async (request) => {
    const id = request.query.client_business_id;
    const book = world.book.toJSON();
    return id === undefined ? book : { ...book, entries: world.book.byBusinessId(id) };
  });
  app.get('/__simulator/requests', async () => world.requests.counts());

  const faultState = (): object => ({ rules: world.faults.list(), fired: world.faults.fired() });
  app.get('/__simulator/faults', async () => ({ ...faultState(), kinds: FAULT_KINDS }));
  app.put('/__simulator/faults', async (request, reply) => {
    const rules = readRules(request.body);
    if (!rules.ok) return wrong(reply, rules.problem);
    world.faults.set(rules.value);
    return faultState();
  });
  app.post('/__simulator/faults', async (request, reply) => {
    const rules = readRules([request.body]);
    if (!rules.ok) return wrong(reply, rules.problem);
    for (const rule of rules.value) world.faults.add(rule);
    return faultState();
  });
  app.delete('/__simulator/faults', async () => {
    world.faults.clear();
    return faultState();
  });

  app.put<{ Body: { balance?: unknown } | null }>('/__simulator/balance', async (request, reply) => {
    const balance = request.body?.balance;
    if (balance !== null && typeof balance !== 'number')
      return wrong(reply, 'balance must be a number or null');
    await world.account.setRemaining(balance);
    return { balance };
  });

  app.post<{ Params: { id: string; action: string } }>(
    '/__simulator/tasks/:id/:action',
    async (request, reply) => {
      const { id, action } = request.params;
      if (action !== 'complete' && action !== 'fail' && action !== 'expire') {
        return wrong(reply, 'the action must be complete, fail or expire');
      }
      return { done: await world.control[action](id) };
    },
  );
  app.post('/__simulator/webhook-test', async (_request, reply) => {
    if (world.webhooks === undefined) return wrong(reply, 'no webhook is configured');
    world.webhooks.sendTest();
    return { sent: true };
  });
}

function wrong(reply: FastifyReply, message: string): FastifyReply {
  return reply.code(400).send({ error: message });
}

function readRules(body: unknown): Checked<FaultRule[]> {
  if (!Array.isArray(body)) return refuse('expected an array of fault rules');
  const rules: FaultRule[] = [];
  for (const item of body) {
    const parsed = parseRule(item);
    if (!parsed.ok) return parsed;
    rules.push(parsed.rule);
  }
  return { ok: true, value: rules };
}
