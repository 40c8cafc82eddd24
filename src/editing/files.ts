/**
 * Which of the files that one edits are ours, told by their names.
 */

/** What a file is written in: that of pipeline.yaml, or that of env.yaml. */
export type Dialect = 'pipeline' | 'env';

/** `pipeline.yaml`, `pipeline.NAME.yaml`, `env.yaml`, `env.NAME.yaml`; null for all other files. */
export function dialectOf(path: string): Dialect | null {
  const [, dialect] = /(?:^|\/)(pipeline|env)(?:\.[^/]+)?\.ya?ml$/.exec(path) ?? [];
  return dialect === 'pipeline' || dialect === 'env' ? dialect : null;
}
