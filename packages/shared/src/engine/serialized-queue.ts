import { Job, Queue } from 'bullmq';

/** Data of a job that was serialized before, so that it is not serialized again when the job is added. */
class SerializedData {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }

  toJSON(): unknown {
    return JSON.parse(this.json);
  }
}

/**
 * Data for `queue.add` and `addBulk` whose JSON the caller has already. Queues of an engine only write it: it has no
 * fields to read.
 *
 * @param json the JSON of a value of type `T`
 */
export const serializedData = <T>(json: string): T => new SerializedData(json) as T;

class SerializedJob extends Job {
  override asJSON(): ReturnType<Job['asJSON']> {
    const { data } = this;
    if (!(data instanceof SerializedData)) return super.asJSON();
    this.data = undefined;
    const job = super.asJSON();
    this.data = data;
    job.data = data.json;
    return job;
  }
}

/** A queue of BullMQ that accepts {@link serializedData}. */
export class SerializedQueue extends Queue {
  protected override get Job(): typeof Job {
    return SerializedJob as unknown as typeof Job;
  }
}
