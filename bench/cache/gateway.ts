/** A gateway before the simulated upstreams, a process of its own: `GatewaySettings`. Ready, it tells its URL. */
import { createApp } from '../../src/app.ts';
import { listen } from '../../src/server/connections/listen.ts';
import { answerQuestions, settingsOfChild } from './children.ts';
import { configOf, type GatewaySettings } from './config.ts';
import { startProfile, type TimeByPart } from './profile.ts';

export interface GatewayReady {
  readonly url: string;
}

export type GatewayQuestion = 'cpu' | 'start-profile' | 'stop-profile';

export interface GatewayTold {
  readonly cpuMicros: number;
  readonly profile: TimeByPart | null;
}

const app = createApp(configOf((await settingsOfChild()) as GatewaySettings), {
  onBug: (error) => {
    console.error(error);
  },
});
const { url } = await listen(app.listener, { host: '127.0.0.1', port: 0 });
let stopProfile: (() => Promise<TimeByPart>) | null = null;
answerQuestions({ url } satisfies GatewayReady, async (question) => {
  if (question === 'start-profile') {
    stopProfile = await startProfile();
  }
  const profile = question === 'stop-profile' ? ((await stopProfile?.()) ?? null) : null;
  const { user, system } = process.cpuUsage();
  return { cpuMicros: user + system, profile } satisfies GatewayTold;
});
