import open from 'open';

/** Whether a person sits at this machine, in front of a browser. */
export const hasBrowser = (env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean => {
  if (env['CI'] || env['SSH_CONNECTION']) return false;
  return platform !== 'linux' || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY']);
};

/** Opens the contact sheet in the browser. Its address is printed anyway, so a browser that cannot start is no error. */
export async function openReport(url: string): Promise<void> {
  const browser = await open(url).catch(() => undefined);
  browser?.on('error', () => undefined);
}
