import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the bench's own, which speaks once when it is ready, and then answers one question at a time. */
export interface Child<Ready> {
  readonly ready: Ready;
  ask<Answer>(question: unknown): Promise<Answer>;
  end(): Promise<void>;
}

export interface ChildOptions {
  readonly settings: unknown;
  readonly execArgv?: readonly string[];
}

/** Forks a module and sends it its settings. It ends with this process, whatever ends that. */
export async function startChild<Ready>(
  module: URL,
  { settings, execArgv = [] }: ChildOptions,
): Promise<Child<Ready>> {
  // As in the image: graphql-js checks more otherwise.
  const env = { ...process.env, NODE_ENV: 'production' };
  const child = fork(module, [], { env, execArgv: [...execArgv] });
  child.send(settings as object);
  const over = new AbortController();
  child.once('exit', () => {
    over.abort(new Error(`${module.pathname.split('/').at(-1)} ended before it answered`));
  });
  const hear = async <T>(): Promise<T> => {
    try {
      const [message] = (await once(child, 'message', { signal: over.signal })) as [T];
      return message;
    } catch (error) {
      throw over.signal.aborted ? over.signal.reason : error;
    }
  };
  return {
    ready: await hear<Ready>(),
    ask: async <Answer>(question: unknown) => {
      child.send(question as object);
      return await hear<Answer>();
    },
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    },
  };
}

/** In the child: its settings, which are as whoever started it wrote them. */
export async function settingsOfChild(): Promise<unknown> {
  process.on('disconnect', () => {
    process.exit();
  });
  const [settings] = (await once(process, 'message')) as [unknown];
  return settings;
}

/** In the child: speaks, and answers each question from then on. */
export function answerQuestions(ready: unknown, answer: (question: unknown) => Promise<unknown>): void {
  process.on('message', (question: unknown) => {
    void answer(question).then((told) => process.send?.(told ?? null));
  });
  process.send?.(ready);
}
