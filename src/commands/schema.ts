import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { printApiSchema, printSubgraphSchema } from '../graphql/schema.ts';
import { type Command, EXIT, type Terminal } from './terminal.ts';

export const schemaCommand: Command = {
  help: `jobs-gateway schema [--api] [--without-relay-node] [--write | --check]

Prints the SDL of the graph with its federation directives.

  --api                  without the federation directives
  --without-relay-node   without node and nodes, as with federation.relayNode: false
  --write                writes schema/subgraph.graphql and schema/api.graphql instead
  --check                compares those two files with the graph; exit code 1 when one is stale`,
  run: async (args, terminal) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        api: { type: 'boolean' },
        'without-relay-node': { type: 'boolean' },
        write: { type: 'boolean' },
        check: { type: 'boolean' },
      },
    });
    if (values.write === true) {
      await Promise.all(files().map(({ path, sdl }) => writeFile(path, sdl)));
      return EXIT.ok;
    }
    if (values.check === true) {
      return checkFiles(terminal);
    }
    const options = { relayNode: values['without-relay-node'] !== true };
    terminal.out((values.api === true ? printApiSchema(options) : printSubgraphSchema(options)).trimEnd());
    return EXIT.ok;
  },
};

function files(): { name: string; path: URL; sdl: string }[] {
  const file = (name: string, sdl: string) => ({
    name,
    path: new URL(`../../${name}`, import.meta.url),
    sdl,
  });
  return [
    file('schema/subgraph.graphql', printSubgraphSchema()),
    file('schema/api.graphql', printApiSchema()),
  ];
}

async function checkFiles(terminal: Terminal): Promise<number> {
  const stale: string[] = [];
  for (const { name, path, sdl } of files()) {
    const written = await readFile(path, 'utf8').catch(() => null);
    if (written !== sdl) {
      stale.push(name);
    }
  }
  stale.forEach((name) =>
    terminal.error(`${name} is stale: run npm run schema -- --write and review the change.`),
  );
  return stale.length === 0 ? EXIT.ok : EXIT.failed;
}
