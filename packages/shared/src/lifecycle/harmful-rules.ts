import type { ExpiryRule } from '../object-store/index.ts';
import type { KeptObjects } from './kept-objects.ts';

/** A rule that deletes objects before their time, and all that it deletes. */
export interface HarmfulRule {
  rule: ExpiryRule;
  harmed: KeptObjects[];
}

export function findHarmfulRules(rules: readonly ExpiryRule[], kept: readonly KeptObjects[]): HarmfulRule[] {
  return rules.flatMap((rule) => {
    const matched = kept.filter((objects) => matches(rule, objects));
    // With an IMAGE_KEY such as `{tenant}/{id}`, images have no prefix of their own. A rule for another prefix spares them.
    const isForOthers = rule.prefix !== '' && matched.some(({ prefix }) => prefix !== '');
    const harmed = matched.filter(
      ({ prefix, minDays }) => rule.days < minDays && !(prefix === '' && isForOthers),
    );
    return harmed.length > 0 ? [{ rule, harmed }] : [];
  });
}

/** Whether the rule can match one of the objects. The prefix of a rule may end inside a name. */
const matches = (
  { prefix, largerThan = -1, smallerThan = Number.POSITIVE_INFINITY }: ExpiryRule,
  objects: KeptObjects,
): boolean =>
  (objects.prefix.startsWith(prefix) || prefix.startsWith(objects.prefix)) &&
  objects.maxBytes > largerThan &&
  objects.minBytes < smallerThan;
