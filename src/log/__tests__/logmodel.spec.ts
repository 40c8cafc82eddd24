import { FakeClient } from '../../testing/fakeclient';
import { LogModel } from '../logmodel';

const OF = { pipeline: 'ml/pipeline.yaml', run: 'r', task: 'a' };

describe('A log that was empty when it was first asked for', () => {
  it('and then grew by more than is told at once, has a beginning that can be had', async () => {
    const client = new FakeClient();
    const log = new LogModel(client);
    const told = (known: () => boolean): Promise<void> =>
      new Promise(resolve => {
        const listen = (): void => {
          if (known()) {
            log.changed.disconnect(listen);
            resolve();
          }
        };
        log.changed.connect(listen);
      });
    const answer = client.log.bind(client);
    client.log = async (...asked) => ({ ...(await answer(...asked)), complete: false });
    const watching = log.watch();
    log.active = true;
    const empty = told(() => log.known);
    log.show(OF);
    await empty;
    expect(log.lines.length).toBe(0);

    const line = 'a line of this log\n';
    client.logs.set('a', line.repeat(20_000));
    const grown = told(() => log.lines.length > 0);
    log.show(OF); // look again
    await grown;
    expect(log.lines.length).toBeLessThan(20_000);
    expect(log.hasEarlier).toBe(true);
    while (log.hasEarlier) {
      await log.loadEarlier();
    }
    expect(log.lines.whole()).toBe(line.repeat(20_000));
    watching.dispose();
    log.dispose();
  });
});
