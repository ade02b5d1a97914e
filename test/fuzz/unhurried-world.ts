import { readConfig } from '../../src/config.ts';
import { startWorld, type World, type WorldSettings } from '../support/world.ts';

/** A world whose gateway sheds nothing because the machine is busy: what is refused is refused for what it is. */
export function startUnhurriedWorld(settings: WorldSettings = {}): Promise<World> {
  const { server, deadlines } = readConfig({});
  return startWorld({
    ...settings,
    config: {
      server: { ...server, maxEventLoopDelayMs: 60_000, maxHeapPercent: 100 },
      deadlines: { ...deadlines, requestMs: 60_000, originMs: 50_000, attemptMs: 20_000, connectMs: 20_000 },
      ...settings.config,
    },
  });
}
