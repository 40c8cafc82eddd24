/**
 * Small pipelines on disk for the tests: pure Python, a second a task, nothing imported.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The files of a project: path → text. */
export type Files = Readonly<Record<string, string>>;

/** The folder that the server serves. */
export function serverRoot(): string {
  const root = process.env['JUPYTERLAB_GALATA_ROOT_DIR'];
  if (root === undefined) {
    throw new Error('JUPYTERLAB_GALATA_ROOT_DIR is not set: run through playwright.config.js');
  }
  return root;
}

/** A project below the server's root, as somebody outside of JupyterLab sees it. */
export class Project {
  constructor(
    /** The project's folder, relative to the server's root. */
    readonly folder: string
  ) {}

  /** The absolute path of a file. */
  path(file = '.'): string {
    return path.join(serverRoot(), this.folder, file);
  }

  /** Write files, each whole or not at all: who looks in between would see an empty one. */
  async write(files: Files): Promise<void> {
    for (const [file, text] of Object.entries(files)) {
      await fs.mkdir(path.dirname(this.path(file)), { recursive: true });
      const beside = path.join(serverRoot(), `.${randomUUID()}.part`);
      await fs.writeFile(beside, text);
      await fs.rename(beside, this.path(file));
    }
  }

  async read(file: string): Promise<string> {
    return fs.readFile(this.path(file), 'utf-8');
  }

  /** What the file holds by now: null while it is not there. A file that somebody just made may be empty. */
  async content(file: string): Promise<string | null> {
    return this.read(file).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        return null;
      }
      throw error;
    });
  }

  async bytes(file: string): Promise<Buffer> {
    return fs.readFile(this.path(file));
  }

  /** Replace `before`, which must be there, by `after`. */
  async edit(file: string, before: string, after: string): Promise<void> {
    const text = await this.read(file);
    if (!text.includes(before)) {
      throw new Error(`${file} has no ${JSON.stringify(before)}`);
    }
    await this.write({ [file]: text.replace(before, after) });
  }

  async exists(file: string): Promise<boolean> {
    return fs.access(this.path(file)).then(
      () => true,
      () => false
    );
  }

  /** When the file was last written. */
  async modified(file: string): Promise<number> {
    return (await fs.stat(this.path(file))).mtimeMs;
  }

  /** Run the `cauce` command in the project; rejects when it fails. */
  async cauce(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('cauce', args, { cwd: this.path() });
    return stdout;
  }
}

interface ITaskOptions {
  readonly upstream?: readonly string[];
  /** Lines of Python that give `result`, a string. The texts of the upstream are in `inputs`. */
  readonly code?: string;
}

/** A task's script: reads what its upstream wrote, writes one text file. */
export function script(options: ITaskOptions = {}): string {
  const { upstream = [], code = 'result = "".join(inputs) + "x"' } = options;
  const names = upstream.map(name => JSON.stringify(name)).join(', ');
  return `# %% [markdown]
# # A task

# %% tags=["parameters"]
upstream = ${upstream.length === 0 ? 'None' : `[${names}]`}
product = None

# %%
from pathlib import Path

inputs = [Path(each["data"]).read_text() for each in (upstream or {}).values()]

# %%
${code}

# %%
Path(product["data"]).write_text(result)
`;
}

/** A `pipeline.yaml` with these tasks, each of `NAME.py`. */
export function pipelineYaml(names: readonly string[]): string {
  const tasks = names.map(
    name => `  - source: ${name}.py
    product:
      nb: output/${name}.ipynb
      data: output/${name}.txt
`
  );
  return `tasks:\n${tasks.join('\n')}`;
}

/** first → second → third */
export const CHAIN: Files = {
  'pipeline.yaml': pipelineYaml(['first', 'second', 'third']),
  'first.py': script(),
  'second.py': script({ upstream: ['first'] }),
  'third.py': script({ upstream: ['second'] })
};
