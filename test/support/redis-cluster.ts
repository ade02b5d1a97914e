import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { startRedis, type TestRedis } from './redis.ts';

/** A Redis Cluster of three nodes, each of which has a third of the slots. */
export interface TestCluster {
  /** In the order of their slots. */
  readonly nodes: readonly [ClusterNode, ClusterNode, ClusterNode];
  /** Hands a slot without keys over to a node, without telling any client. */
  move(slot: number, to: ClusterNode): Promise<void>;
  /** Ends all of it. Always call it. */
  close(): Promise<void>;
}

export interface ClusterNode extends TestRedis {
  readonly port: number;
  /** To tell it things on, apart from what is tested. */
  readonly admin: Redis;
}

const SLOTS = 16_384;
const START_MS = 15_000;

export async function startCluster(): Promise<TestCluster> {
  const started: ClusterNode[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(
      started.splice(0).map(async (node) => {
        node.admin.disconnect();
        await node.close();
      }),
    );
  };
  try {
    const start = async (): Promise<ClusterNode> => {
      const node = await startNode();
      started.push(node);
      return node;
    };
    const nodes = [await start(), await start(), await start()] as const;
    await join(nodes);
    return {
      nodes,
      move: async (slot, to) => {
        const id = String(await to.admin.call('CLUSTER', 'MYID'));
        // The new owner first: otherwise the old one would be told by it that the slot is still its own.
        for (const { admin } of [to, ...nodes.filter((node) => node !== to)]) {
          await admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', id);
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startNode(): Promise<ClusterNode> {
  const port = await freePort();
  const server = await startRedis('--port', `${port}`, '--bind', '127.0.0.1', '--cluster-enabled', 'yes');
  const admin = new Redis(server.url);
  admin.on('error', () => undefined);
  return Object.assign(server, { port, admin });
}

/** Shares the slots out and makes the nodes known to each other. */
async function join(nodes: readonly ClusterNode[]): Promise<void> {
  for (const [index, { admin, port }] of nodes.entries()) {
    const first = Math.ceil((SLOTS * index) / nodes.length);
    const end = Math.ceil((SLOTS * (index + 1)) / nodes.length);
    await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    await admin.call(
      'CLUSTER',
      'ADDSLOTS',
      ...Array.from({ length: end - first }, (_, slot) => first + slot),
    );
    if (index > 0) {
      await nodes[0]?.admin.call('CLUSTER', 'MEET', '127.0.0.1', port);
    }
  }
  const untilMs = Date.now() + START_MS;
  for (const { admin } of nodes) {
    while (!/cluster_state:ok[^]*cluster_known_nodes:3/.test(String(await admin.call('CLUSTER', 'INFO')))) {
      if (Date.now() > untilMs) {
        throw new Error('the nodes have not become a Cluster');
      }
      await sleep(20);
    }
  }
}
