export interface ContainerWanted {
  image: string;
  port: number;
  command?: string[];
  env?: Record<string, string>;
}

export interface RunningContainer {
  host: string;
  port: number;
  stop: () => Promise<void>;
}

let daemon: Promise<boolean> | undefined;

/** Starts a container and waits for its port; `undefined` when there is no Docker here. */
export async function inDocker(wanted: ContainerWanted): Promise<RunningContainer | undefined> {
  daemon ??= daemonAnswers();
  if (!(await daemon)) return undefined;
  const { GenericContainer } = await import('testcontainers');
  let container = new GenericContainer(wanted.image).withExposedPorts(wanted.port);
  if (wanted.command) container = container.withCommand(wanted.command);
  if (wanted.env) container = container.withEnvironment(wanted.env);
  const started = await container.start();
  return {
    host: started.getHost(),
    port: started.getMappedPort(wanted.port),
    stop: async () => {
      await started.stop();
    },
  };
}

/** A `docker` on the PATH says nothing: only a daemon that answers counts. */
async function daemonAnswers(): Promise<boolean> {
  try {
    const { getContainerRuntimeClient } = await import('testcontainers');
    await getContainerRuntimeClient();
    return true;
  } catch {
    return false;
  }
}
