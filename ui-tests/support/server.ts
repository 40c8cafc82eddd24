/**
 * A Jupyter server of a test's own, beside the one that all others talk to.
 */
import { spawn } from 'node:child_process';

export interface IServer {
  /** Ends it; resolves when it is gone. */
  readonly stop: () => Promise<void>;
}

/** Start one, and wait until it answers at `address`. */
export async function startServer(
  command: string,
  args: readonly string[],
  address: string
): Promise<IServer> {
  const root = process.getuid?.() === 0 ? ['--allow-root'] : [];
  const server = spawn(command, [...args, ...root], { stdio: 'ignore' });
  const ended = new Promise<void>(resolve => {
    server.once('exit', () => {
      resolve();
    });
  });
  const stop = (): Promise<void> => {
    server.kill();
    return ended;
  };
  while (!(await answers(address))) {
    if (server.exitCode !== null) {
      throw new Error(`${command} ${args.join(' ')} ended with ${String(server.exitCode)}`);
    }
    await new Promise(resolve => setTimeout(resolve, 200));
  }
  return { stop };
}

function answers(address: string): Promise<boolean> {
  return fetch(`${address}api`).then(
    reply => reply.ok,
    () => false
  );
}
