import { type Api, openApi } from '../api/index.ts';
import { type Address, toCliError } from '../cli-error.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Host } from '../host.ts';
import { createStyle } from '../output/index.ts';
import { resolveConnection } from '../profile/index.ts';
import { type CommandSpec, confirm } from './command.ts';
import { formatFieldList, formatJson, readJsonFlag } from './json-output.ts';

/** The options that the command line adds to commands. */
interface CommonOptions {
  json?: string | true;
  profile?: string;
  yes?: true;
  web?: true;
}

/** Runs one command and writes its result. @throws CliError */
export async function runCommand(
  spec: CommandSpec<never>,
  args: string[],
  options: object,
  host: Host,
): Promise<ExitCode> {
  const { json, profile, yes, web } = options as CommonOptions;
  const request = readJsonFlag(json, spec.fields);
  if (request.kind === 'list-fields') {
    host.out(formatFieldList(spec.fields));
    return EXIT.ok;
  }
  const isJson = request.kind === 'json';
  let address: Address | undefined;
  let opened: Promise<Api> | undefined;
  const open = async () => {
    const connection = await resolveConnection(host.env, profile);
    address = connection;
    return openApi(connection, host.signal);
  };
  const api = () => (opened ??= open());
  try {
    if (web && spec.page) {
      const url = (await api()).pageUrl(spec.page(args));
      host.err(`Opening ${url}\n`);
      await host.openPage(url);
      return EXIT.ok;
    }
    const result = await spec.run({
      args,
      options: options as never,
      host,
      style: createStyle(host),
      isJson,
      api,
      confirm: (question) => confirm(question, { host, yes: yes === true, isJson }),
    });
    host.out(isJson ? formatJson(result.data, request.fields) : result.text);
    return result.exitCode ?? EXIT.ok;
  } catch (error) {
    throw toCliError(error, address);
  }
}
