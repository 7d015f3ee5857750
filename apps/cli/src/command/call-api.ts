import type { Api } from '../api/index.ts';
import type { Call, Result } from './command.ts';

/** Runs a command that asks at most one question, calls the API once, and shows the answer. */
export const callApi =
  <Data extends object, Options = object>({
    ask,
    send,
    format,
  }: {
    /** The question before the call. */
    ask?: (call: Call<Options>) => string;
    send(client: Api, call: Call<Options>): Promise<Data>;
    /** @param now Unix milliseconds */
    format(data: Data, now: number): string;
  }) =>
  async (call: Call<Options>): Promise<Result> => {
    // A wrong profile is an error before a question.
    const client = await call.api();
    if (ask) await call.confirm(ask(call));
    const data = await send(client, call);
    return { data, text: format(data, call.host.clock.now()) };
  };
