import { createProblemExamples } from './problems.ts';
import { PARAMETER_EXAMPLES, REQUEST_EXAMPLES } from './requests.ts';
import { RESPONSE_EXAMPLES } from './responses.ts';

interface Media {
  schema?: { $ref?: string; anyOf?: { $ref?: string }[] };
  example?: unknown;
  examples?: Record<string, unknown>;
}

interface Operation {
  operationId?: string;
  parameters?: { name: string; schema?: { example?: unknown }; example?: unknown; examples?: unknown }[];
  requestBody?: { content?: Record<string, Media> };
  responses?: Record<string, { content?: Record<string, Media> }>;
}

interface Described {
  paths?: Record<string, Record<string, Operation>>;
  webhooks?: Record<string, Record<string, Operation>>;
  components?: { examples?: Record<string, unknown> };
}

/**
 * Adds examples where a document has none: of responses by their component, of requests by their operation. An
 * operation's own examples stay.
 */
export function fillExamples(openApi: object): void {
  const document = openApi as Described;
  for (const item of [...Object.values(document.paths ?? {}), ...Object.values(document.webhooks ?? {})]) {
    for (const operation of Object.values(item)) fill(operation);
  }
  const text = JSON.stringify(document);
  const used = Object.entries(createProblemExamples()).filter(([code]) =>
    text.includes(`/examples/${code}"`),
  );
  (document.components ??= {}).examples = Object.fromEntries(used);
}

function fill(operation: Operation): void {
  const requests = REQUEST_EXAMPLES[operation.operationId ?? ''] ?? {};
  for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
    if (hasExample(media)) continue;
    const examples = requests[type];
    if (examples) media.examples = examples;
    else fillByComponent(media);
  }
  for (const { content } of Object.values(operation.responses ?? {})) {
    for (const media of Object.values(content ?? {})) if (!hasExample(media)) fillByComponent(media);
  }
  for (const parameter of operation.parameters ?? []) {
    const known = PARAMETER_EXAMPLES[parameter.name];
    if (hasExample(parameter) || parameter.schema?.example !== undefined || known === undefined) continue;
    parameter.example = known;
  }
}

/** A response that can be one of several components gets an example of each. */
function fillByComponent(media: Media): void {
  const componentName = ({ $ref = '' }: { $ref?: string }) => $ref.split('/').at(-1) ?? '';
  const example = RESPONSE_EXAMPLES[componentName(media.schema ?? {})];
  if (example !== undefined) media.example = example;
  const branches = (media.schema?.anyOf ?? []).map(componentName).filter((name) => name in RESPONSE_EXAMPLES);
  if (branches.length === 0) return;
  media.examples = Object.fromEntries(branches.map((name) => [name, { value: RESPONSE_EXAMPLES[name] }]));
}

const hasExample = (part: { example?: unknown; examples?: unknown }) =>
  part.example !== undefined || part.examples !== undefined;
