export interface ContainerSpec {
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

/** Starts a container and waits for its port. @returns undefined if no Docker daemon answers. */
export async function startContainer(spec: ContainerSpec): Promise<RunningContainer | undefined> {
  daemon ??= checkDaemon();
  if (!(await daemon)) return undefined;
  const { GenericContainer } = await import('testcontainers');
  let container = new GenericContainer(spec.image).withExposedPorts(spec.port);
  if (spec.command) container = container.withCommand(spec.command);
  if (spec.env) container = container.withEnvironment(spec.env);
  const started = await container.start();
  return {
    host: started.getHost(),
    port: started.getMappedPort(spec.port),
    stop: async () => {
      await started.stop();
    },
  };
}

/** A `docker` on the PATH is not enough: the daemon must answer. */
async function checkDaemon(): Promise<boolean> {
  try {
    const { getContainerRuntimeClient } = await import('testcontainers');
    await getContainerRuntimeClient();
    return true;
  } catch {
    return false;
  }
}
