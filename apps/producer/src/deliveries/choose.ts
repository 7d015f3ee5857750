import type { Delivery } from '../backends/webhook-deliveries.ts';

/** The one of this id, or without an id all of the render's latest end. */
export function chooseDeliveries(deliveries: readonly Delivery[], id: string | undefined): Delivery[] {
  if (id !== undefined) return deliveries.filter((delivery) => delivery.id === id);
  const latest = Math.max(...deliveries.map((delivery) => delivery.job.endedAt));
  return deliveries.filter((delivery) => delivery.job.endedAt === latest);
}
