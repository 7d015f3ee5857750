/** Callers that come while `work` runs share its next run: the result of a run is as new as the calls that get it. */
export function shareRuns<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        const run = work();
        running = run;
        return run;
      });
    return next;
  };
}
