/**
 * The smallest pipeline that is worth building, for an empty folder.
 */

export interface IStarterFile {
  readonly path: string;
  readonly content: string;
}

export const STARTER_PIPELINE = `# What each step is, and makes.
tasks:
  - source: tasks/get.py
    product:
      nb: output/get.ipynb
      data: output/numbers.csv

  - source: tasks/report.py
    product: output/report.ipynb
`;

const GET = `# %% [markdown]
# # Get the data
# Writes a small table.

# %% tags=["parameters"]
# What this task reads from others; nothing here. Cauce fills in \`product\`.
upstream = None
product = None

# %%
import csv

with open(product["data"], "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["x", "square"])
    for x in range(10):
        rows.writerow([x, x * x])
`;

const REPORT = `# %% [markdown]
# # Report
# Reads what the task \`get\` wrote.

# %% tags=["parameters"]
upstream = ["get"]
product = None

# %%
import csv

with open(upstream["get"]["data"], newline="") as file:
    squares = [int(row["square"]) for row in csv.DictReader(file)]

print(f"{len(squares)} rows, the squares sum up to {sum(squares)}")
`;

/** The files, in the order in which to write them: the pipeline last, so that it is whole when found. */
export const STARTER_FILES: readonly IStarterFile[] = [
  { path: 'tasks/get.py', content: GET },
  { path: 'tasks/report.py', content: REPORT },
  { path: 'pipeline.yaml', content: STARTER_PIPELINE }
];

/** The parts of the Jupyter contents API that are needed here. */
export interface IFiles {
  get(
    path: string,
    options: { content: boolean; type?: 'notebook' | 'file'; format?: 'json' | 'text' }
  ): Promise<unknown>;
  save(
    path: string,
    model: { type: 'file' | 'directory'; format?: 'text'; content?: string }
  ): Promise<unknown>;
}

/**
 * Write the files into a folder. Nothing is written when one of them is there already: then
 * the paths that are in the way are returned.
 */
export async function writeStarter(files: IFiles, folder: string): Promise<readonly string[]> {
  const at = (path: string): string => (folder === '' ? path : `${folder}/${path}`);
  const exists = async (path: string): Promise<boolean> => {
    try {
      await files.get(path, { content: false });
      return true;
    } catch (error) {
      if (hasStatus(error, 404)) {
        return false;
      }
      throw error;
    }
  };
  const inTheWay: string[] = [];
  for (const { path } of STARTER_FILES) {
    if (await exists(at(path))) {
      inTheWay.push(at(path));
    }
  }
  if (inTheWay.length > 0) {
    return inTheWay;
  }
  if (!(await exists(at('tasks')))) {
    await files.save(at('tasks'), { type: 'directory' });
  }
  for (const { path, content } of STARTER_FILES) {
    await files.save(at(path), { type: 'file', format: 'text', content });
  }
  return [];
}

/** Is this the error of a request that was answered with the status? */
function hasStatus(error: unknown, status: number): boolean {
  if (typeof error !== 'object' || error === null || !('response' in error)) {
    return false;
  }
  const { response } = error;
  return (
    typeof response === 'object' &&
    response !== null &&
    'status' in response &&
    response.status === status
  );
}
