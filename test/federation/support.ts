import { inWorld } from '../e2e/support.ts';
import type { World, WorldSettings } from '../support/world.ts';
import type { Router, RouterSettings, StartRouter } from './routers.ts';
import type { ComposedSubgraph, OtherSubgraph } from './subgraphs/other-subgraph.ts';

/** A world whose gateway is one subgraph of several behind a router. */
export interface SupergraphSettings {
  readonly world?: WorldSettings;
  readonly router?: RouterSettings;
  /** What a router sends to be let in; for a gateway with a router secret. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Starts a world without jobs, lets `prepare` add jobs and start other subgraphs that refer to them, composes all with what
 * the running gateway says of itself, starts the router before them, and ends everything with the story.
 */
export async function inSupergraph(
  start: StartRouter,
  prepare: (world: World) => readonly Promise<OtherSubgraph>[],
  story: (router: Router, world: World) => Promise<void>,
  settings: SupergraphSettings = {},
): Promise<void> {
  const emptyWorld = { ...settings.world, sandbox: { world: 'empty', ...settings.world?.sandbox } } as const;
  await inWorld(emptyWorld, async (world) => {
    const others = await Promise.all(prepare(world));
    const gateway = await askForSdl(world, settings.headers);
    const router = await start([gateway, ...others], settings.router);
    try {
      await story(router, world);
    } finally {
      await router.close();
      await Promise.all(others.map((other) => other.close()));
    }
  });
}

/** The gateway as a part of a supergraph, with the SDL that it gives to routers. */
export async function askForSdl(
  { url }: World,
  headers: Readonly<Record<string, string>> = {},
): Promise<ComposedSubgraph> {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: '{ _service { sdl } }' }),
  });
  const { data } = (await answer.json()) as { data: { _service: { sdl: string } } };
  return { name: 'jobs', sdl: data['_service'].sdl, url: `${url}/graphql` };
}

/** The data of a router's answer that must be whole. */
export async function dataFrom(router: Router, query: string): Promise<Record<string, unknown>> {
  const { data, errors } = await router.ask(query);
  if (data === null || data === undefined || errors.length > 0) {
    throw new Error(`expected data without errors, got ${JSON.stringify({ data, errors })}`);
  }
  return structuredClone(data);
}

/** What a router asked of a subgraph’s entities, in order. */
export function representationsSent(router: Router, subgraph: string): unknown[] {
  return router.sent
    .filter((request) => request.subgraph === subgraph)
    .flatMap(({ representations }) => representations);
}

/** How often a router asked a subgraph. */
export function requestsSent(router: Router, subgraph: string): number {
  return router.sent.filter((request) => request.subgraph === subgraph).length;
}
