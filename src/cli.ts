import { type Command, EXIT, type Terminal } from './commands/terminal.ts';

/** One import per command, so that each loads only what it needs. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./commands/serve.ts')).serve,
  sandbox: async () => (await import('./commands/sandbox.ts')).sandbox,
  check: async () => (await import('./commands/check.ts')).check,
  schema: async () => (await import('./commands/schema.ts')).schemaCommand,
};

const USAGE = `jobs-gateway <command> [options]

  serve     serves the graph; simulated data unless an account is configured
  sandbox   runs the simulated upstreams alone
  check     checks the configuration and every configured origin
  schema    prints, writes or checks the SDL of the graph

jobs-gateway <command> --help tells more.`;

/** Runs the command that `argv` names and gives the exit code: 64 for a command or option that does not exist. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name = '', ...args] = argv;
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.out(USAGE);
    return EXIT.ok;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    terminal.error(name === '' ? USAGE : `Unknown command "${name}".\n\n${USAGE}`);
    return EXIT.usage;
  }
  const command = await load();
  if (args.includes('--help') || args.includes('-h')) {
    terminal.out(command.help);
    return EXIT.ok;
  }
  try {
    return await command.run(args, terminal);
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
      terminal.error(`${error.message}\n\n${command.help}`);
      return EXIT.usage;
    }
    throw error;
  }
}
