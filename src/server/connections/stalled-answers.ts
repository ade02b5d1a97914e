import type { Server } from 'node:http';

/**
 * Cuts clients who ask and do not read: Node keeps an answer for them, and their connection, for as long as they like. Only
 * an answer that is there and of which nothing is taken for so long; how long it takes to be made is another's business.
 */
export function cutStalledAnswers(server: Server, stalledMs: number): void {
  server.on('request', ({ socket }, outgoing) => {
    outgoing.setTimeout(stalledMs, () => {
      if (socket.writableLength > 0) {
        socket.destroy();
      }
    });
  });
}
