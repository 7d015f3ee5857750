/** Maps values with up to `ahead` calls at the same time. Results keep the order of the values. */
export async function* mapInOrder<T, R>(
  values: AsyncIterable<T>,
  ahead: number,
  map: (value: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  for await (const value of values) {
    const result = map(value);
    // Its error is thrown when its turn comes.
    result.catch(() => undefined);
    running.push(result);
    if (running.length >= ahead) yield running.shift() as Promise<R>;
  }
  yield* running;
}
