/** Measures the heap of a Node process that runs with `--inspect`. */
export interface HeapProbe {
  /** Bytes of heap and buffers after a garbage collection. */
  measure(): Promise<number>;
  close(): void;
}

/** @param url as Node prints it: `ws://127.0.0.1:9229/…` */
export async function openHeapProbe(url: string): Promise<HeapProbe> {
  const socket = new WebSocket(url);
  const answers = new Map<number, (result: unknown) => void>();
  let sent = 0;
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error('the inspector does not answer')));
  });
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
    if (id !== undefined) answers.get(id)?.(result);
  });
  const call = (method: string, params: object = {}) =>
    new Promise<unknown>((resolve) => {
      sent += 1;
      answers.set(sent, resolve);
      socket.send(JSON.stringify({ id: sent, method, params }));
    });
  await call('HeapProfiler.enable');
  return {
    measure: async () => {
      await call('HeapProfiler.collectGarbage');
      const expression = 'process.memoryUsage().heapUsed + process.memoryUsage().external';
      const { result } = (await call('Runtime.evaluate', { expression })) as { result: { value: number } };
      return result.value;
    },
    close: () => socket.close(),
  };
}
