import type { FastifyInstance, FastifyReply } from 'fastify';
import type { SimulatorContext } from '../context.ts';
import { FAULT_KINDS, type FaultRule, parseRule } from '../faults/index.ts';
import { type Checked, rejectInput } from './submission.ts';

const ROUTE_LIST = {
  'GET /__simulator/book': 'every task and its cost in micro-dollars; filter with ?client_business_id=',
  'GET /__simulator/requests': 'requests by category and answer, quota violations, submissions per second',
  'GET /__simulator/faults': 'active rules, how often each kind was applied, all kinds',
  'PUT /__simulator/faults': 'replace all rules: an array of rules',
  'POST /__simulator/faults': 'add one rule',
  'DELETE /__simulator/faults': 'remove all rules',
  'PUT /__simulator/balance': '{"balance": dollars} or {"balance": null} for unlimited',
  'POST /__simulator/tasks/{id}/complete': 'end a running task now; also /fail and /expire',
  'POST /__simulator/webhook-test': 'send endpoint.test',
};

/** `/__simulator/…`: control routes that the real provider does not have. They need no API key. */
export function addControlRoutes(app: FastifyInstance, context: SimulatorContext): void {
  app.get('/__simulator', async () => ROUTE_LIST);

  app.get<{ Querystring: { client_business_id?: string } }>('/__simulator/book', async (request) => {
    const id = request.query.client_business_id;
    const log = context.purchases.toJSON();
    return id === undefined ? log : { ...log, entries: context.purchases.byBusinessId(id) };
  });
  app.get('/__simulator/requests', async () => context.requests.counts());

  const faultState = (): object => ({ rules: context.faults.list(), fired: context.faults.fired() });
  app.get('/__simulator/faults', async () => ({ ...faultState(), kinds: FAULT_KINDS }));
  app.put('/__simulator/faults', async (request, reply) => {
    const rules = readRules(request.body);
    if (!rules.ok) return sendBadRequest(reply, rules.problem);
    context.faults.set(rules.value);
    return faultState();
  });
  app.post('/__simulator/faults', async (request, reply) => {
    const rules = readRules([request.body]);
    if (!rules.ok) return sendBadRequest(reply, rules.problem);
    for (const rule of rules.value) context.faults.add(rule);
    return faultState();
  });
  app.delete('/__simulator/faults', async () => {
    context.faults.clear();
    return faultState();
  });

  app.put<{ Body: { balance?: unknown } | null }>('/__simulator/balance', async (request, reply) => {
    const balance = request.body?.balance;
    if (balance !== null && typeof balance !== 'number')
      return sendBadRequest(reply, 'balance must be a number or null');
    await context.account.setRemaining(balance);
    return { balance };
  });

  app.post<{ Params: { id: string; action: string } }>(
    '/__simulator/tasks/:id/:action',
    async (request, reply) => {
      const { id, action } = request.params;
      if (action !== 'complete' && action !== 'fail' && action !== 'expire') {
        return sendBadRequest(reply, 'the action must be complete, fail or expire');
      }
      return { done: await context.control[action](id) };
    },
  );
  app.post('/__simulator/webhook-test', async (_request, reply) => {
    if (context.webhooks === undefined) return sendBadRequest(reply, 'no webhook is configured');
    context.webhooks.sendTest();
    return { sent: true };
  });
}

function sendBadRequest(reply: FastifyReply, message: string): FastifyReply {
  return reply.code(400).send({ error: message });
}

function readRules(body: unknown): Checked<FaultRule[]> {
  if (!Array.isArray(body)) return rejectInput('expected an array of fault rules');
  const rules: FaultRule[] = [];
  for (const item of body) {
    const parsed = parseRule(item);
    if (!parsed.ok) return parsed;
    rules.push(parsed.rule);
  }
  return { ok: true, value: rules };
}
