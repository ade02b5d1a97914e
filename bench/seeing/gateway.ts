/** A gateway of which some is seen, a process of its own: `SeeingSettings`. Ready, it tells its URL. */
import { createWriteStream, openSync } from 'node:fs';
import { createApp } from '../../src/app.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { listen } from '../../src/server/connections/listen.ts';
import { startLog } from '../../src/telemetry/log.ts';
import { createLogger, type LogDestination, openDestination } from '../../src/telemetry/logger.ts';
import { answerQuestions, settingsOfChild } from '../cache/children.ts';
import { configOf, type GatewaySettings } from '../cache/config.ts';

export interface SeeingSettings extends GatewaySettings {
  readonly metrics: boolean;
  /** `sync`: each line is written before the request goes on. `stream`: by a stream of Node's. */
  readonly log: 'none' | 'behind' | 'sync' | 'stream';
  readonly collector: string | null;
}

const settings = (await settingsOfChild()) as SeeingSettings;
const base = configOf(settings);
const config = {
  ...base,
  // What else the machine does is no overload.
  server: { ...base.server, metrics: settings.metrics, maxEventLoopDelayMs: 60_000 },
};

async function destinationOf(log: SeeingSettings['log']): Promise<LogDestination> {
  if (log === 'sync') {
    const { pino } = await import('pino');
    return pino.destination({ fd: openSync('/dev/null', 'w'), sync: true });
  }
  return log === 'stream' ? createWriteStream('/dev/null') : openDestination(openSync('/dev/null', 'w'));
}

if (settings.log !== 'none') {
  startLog(createLogger('info', await destinationOf(settings.log)), systemClock);
}
if (settings.collector !== null) {
  const { startTracing } = await import('../../src/telemetry/trace.ts');
  startTracing({ ...config.tracing, otlpUrl: settings.collector });
}
const app = createApp(config);
const { url } = await listen(app.listener, { host: '127.0.0.1', port: 0 });
answerQuestions({ url }, () => {
  const { user, system } = process.cpuUsage();
  return Promise.resolve({ cpuMicros: user + system });
});
