/**
 * A stand-in for the server: answers from what it was given, and writes down what it was asked.
 */
import type { IClient, IJsonSchema, SplitRunKind } from '../client';
import type {
  ActiveBuild,
  ActiveBuildList,
  Build,
  BuildPlan,
  Changed,
  CheckRequest,
  Cleaned,
  CleanRequest,
  Created,
  LogChunk,
  Opened,
  NewPipeline,
  NewTask,
  Pipeline,
  PipelineList,
  Preview,
  Problem,
  Reason,
  Problems,
  Profiles,
  Run,
  RunComparison,
  RunDetail,
  RunList,
  RunRequest,
  ShowRequest,
  Snapshot,
  Split,
  SplitApplied,
  SplitApply,
  SplitJob,
  SplitRequest,
  SplitRun,
  Task,
  TaskDetail,
  TaskRemoval,
  TaskRename,
  UpstreamChange
} from '../contract';
import { CauceError } from '../errors';
import { newRequest } from '../split/edits';

export class FakeClient implements IClient {
  /** The snapshots there are, by pipeline; their keys make the list of pipelines. */
  readonly snapshots = new Map<string, Snapshot>();
  /** Pipelines that the search does not find. */
  readonly hidden = new Set<string>();
  /** Did the search for pipelines stop at its limit? */
  truncated = false;
  readonly runsById = new Map<string, Run>();
  /** The past runs, newest first; told so many at a time. */
  pastRuns: readonly Run[] = [];
  pageOfRuns = 50;
  readonly runDetails = new Map<string, RunDetail>();
  readonly comparisons = new Map<string, RunComparison>();
  readonly logs = new Map<string, string>();
  /** What there is to say of tasks, by name, beside nothing. */
  readonly details = new Map<string, Partial<TaskDetail>>();
  /** What products hold, by path. */
  readonly previews = new Map<string, Partial<Preview>>();
  /** What documents show beyond their files. */
  readonly openedByPath = new Map<string, Opened>();
  /** One line for each question, in order. */
  readonly calls: string[] = [];
  /** When set, every question fails with it. */
  failure: CauceError | null = null;
  /** When set, questions like that fail. */
  failing: RegExp | null = null;
  /** What starting a build does; by default it hands out an id and changes nothing. */
  onStart: (pipeline: string, request: RunRequest) => Build = () => ({ run: 'run-1' });
  /** What asking a run to stop does; by default nothing. */
  onCancel: (pipeline: string, run: string) => void = () => undefined;
  /** What a build would do; by default nothing. */
  onPlan: (pipeline: string, request: RunRequest) => BuildPlan = pipeline => fakePlan(pipeline);
  /** What is being built anywhere. */
  active: readonly ActiveBuild[] = [];
  /** What any change of the pipeline comes to. */
  changed: Changed = { files: [], said: [], problems: [], task: '', source: '', undo: '' };
  /** What any text has wrong with it. */
  problems: readonly Problem[] = [];
  schemas: Readonly<Record<string, IJsonSchema>> = {};
  /** What a notebook would become. */
  onPlanSplit: (request: SplitRequest) => Split = request => fakeSplit(request);
  /** How far the run of a notebook has come, or that of what it became. */
  readonly splitRuns = new Map<SplitRunKind, SplitRun>();
  /** When set, answers wait for it. */
  gate: Promise<void> | null = null;

  pipelines(again = false): Promise<PipelineList> {
    return this._answer(again ? 'search' : 'list', () => ({
      pipelines: [...this.snapshots.values()]
        .filter(({ pipeline }) => !this.hidden.has(pipeline))
        .map(({ pipeline, name }): Pipeline => ({ path: pipeline, name })),
      truncated: this.truncated
    }));
  }

  snapshot(pipeline: string): Promise<Snapshot> {
    return this._answer(`snapshot ${pipeline}`, () => found(this.snapshots.get(pipeline)));
  }

  task(pipeline: string, task: string): Promise<TaskDetail> {
    return this._answer(`task ${pipeline} ${task}`, () => ({
      pipeline,
      task,
      revision: found(this.snapshots.get(pipeline)).revision,
      diff: '',
      params: {},
      paramsBefore: null,
      attempts: [],
      notebooks: {},
      ...this.details.get(task)
    }));
  }

  start(pipeline: string, request: RunRequest): Promise<Build> {
    return this._answer(`start ${pipeline} ${JSON.stringify(request)}`, () =>
      this.onStart(pipeline, request)
    );
  }

  plan(pipeline: string, request: RunRequest): Promise<BuildPlan> {
    return this._answer(`plan ${pipeline} ${JSON.stringify(request)}`, () =>
      this.onPlan(pipeline, request)
    );
  }

  builds(): Promise<ActiveBuildList> {
    return this._answer('builds', () => ({ builds: this.active }));
  }

  run(pipeline: string, run: string): Promise<Run> {
    return this._answer(`run ${pipeline} ${run}`, () => found(this.runsById.get(run)));
  }

  runs(pipeline: string, before?: string): Promise<RunList> {
    return this._answer(`runs ${pipeline} ${before ?? ''}`.trim(), () => {
      const first = this.pastRuns.findIndex(each => each.id === before) + 1;
      const runs = this.pastRuns.slice(first, first + this.pageOfRuns);
      return {
        runs,
        durations: Object.fromEntries(runs.map(each => [each.id, {}])),
        more: first + runs.length < this.pastRuns.length
      };
    });
  }

  attempts(pipeline: string, run: string): Promise<RunDetail> {
    return this._answer(`attempts ${pipeline} ${run}`, () => found(this.runDetails.get(run)));
  }

  compare(pipeline: string, before: string, after: string): Promise<RunComparison> {
    return this._answer(`compare ${pipeline} ${before} ${after}`, () =>
      found(this.comparisons.get(`${before} ${after}`))
    );
  }

  forget(pipeline: string, run: string): Promise<void> {
    return this._answer(`forget ${pipeline} ${run}`, () => {
      this.pastRuns = this.pastRuns.filter(each => each.id !== run);
    });
  }

  cancel(pipeline: string, run: string): Promise<void> {
    return this._answer(`cancel ${pipeline} ${run}`, () => {
      this.onCancel(pipeline, run);
    });
  }

  log(
    pipeline: string,
    run: string,
    task: string,
    offset: number,
    limit?: number
  ): Promise<LogChunk> {
    return this._answer(`log ${pipeline} ${run} ${task} ${String(offset)}`, () => {
      const whole = this.logs.get(task) ?? '';
      const from = offset < 0 ? Math.max(0, whole.length + offset) : offset;
      const text = whole.slice(from, limit === undefined ? undefined : from + limit);
      const nextOffset = from + text.length;
      return { text, offset: from, nextOffset, complete: nextOffset === whole.length };
    });
  }

  preview(pipeline: string, task: string, product: string): Promise<Preview> {
    return this._answer(`preview ${pipeline} ${task} ${product}`, () =>
      fakePreview({ product, ...found(this.previews.get(product)) })
    );
  }

  previewByCode(pipeline: string, task: string, product: string): Promise<Preview> {
    return this._answer(`preview by code ${pipeline} ${task} ${product}`, () =>
      fakePreview({ product, kind: 'text', text: `read ${product}` })
    );
  }

  scaffold(pipeline: string): Promise<Created> {
    return this._answer(`scaffold ${pipeline}`, () => ({ files: [] }));
  }

  clean(pipeline: string, request: CleanRequest): Promise<Cleaned> {
    return this._answer(`clean ${pipeline} ${JSON.stringify(request)}`, () => ({
      moved: [],
      kept: {}
    }));
  }

  addTask(pipeline: string, request: NewTask): Promise<Changed> {
    return this._change(`add ${pipeline}`, request);
  }

  renameTask(pipeline: string, task: string, request: TaskRename): Promise<Changed> {
    return this._change(`rename ${pipeline} ${task}`, request);
  }

  removeTask(pipeline: string, task: string, request: TaskRemoval): Promise<Changed> {
    return this._change(`remove ${pipeline} ${task}`, request);
  }

  changeUpstream(pipeline: string, task: string, request: UpstreamChange): Promise<Changed> {
    return this._change(`upstream ${pipeline} ${task}`, request);
  }

  undo(pipeline: string, undo: string): Promise<Changed> {
    return this._change(`undo ${pipeline}`, undo);
  }

  createPipeline(request: NewPipeline): Promise<Changed> {
    return this._change('create', request);
  }

  chooseProfile(pipeline: string, profile: string): Promise<Profiles> {
    return this._answer(`profile ${pipeline} ${profile}`, () => ({
      profile,
      profiles: ['', profile],
      fixed: ''
    }));
  }

  private _change(call: string, request: unknown): Promise<Changed> {
    return this._answer(`${call} ${JSON.stringify(request)}`, () => this.changed);
  }

  check(request: CheckRequest): Promise<Problems> {
    return this._answer(`check ${request.path}`, () => ({ problems: this.problems }));
  }

  opened(document: string): Promise<Opened> {
    return this._answer(`opened ${document}`, () => found(this.openedByPath.get(document)));
  }

  showTask({ path, pipeline, task }: ShowRequest): Promise<Opened> {
    return this._answer(`show ${path} ${pipeline} ${task}`, () =>
      found(this.openedByPath.get(path))
    );
  }

  schema(dialect: 'pipeline' | 'env'): Promise<IJsonSchema> {
    return this._answer(`schema ${dialect}`, () => found(this.schemas[dialect]));
  }

  planSplit(request: SplitRequest): Promise<Split> {
    return this._answer(`plan split ${JSON.stringify(request)}`, () => this.onPlanSplit(request));
  }

  applySplit({ request, digest }: SplitApply): Promise<SplitApplied> {
    return this._answer(`apply split ${digest} ${JSON.stringify(request)}`, () => ({
      pipeline: 'pipeline.yaml',
      changed: this.changed
    }));
  }

  startSplitRun(what: SplitRunKind, job: SplitJob): Promise<SplitRun> {
    return this._answer(`start ${what} ${JSON.stringify(job)}`, () => this._splitRun(what));
  }

  splitRun(what: SplitRunKind, notebook: string): Promise<SplitRun> {
    return this._answer(`${what} ${notebook}`, () => this._splitRun(what));
  }

  cancelSplitRun(what: SplitRunKind, notebook: string): Promise<void> {
    return this._answer(`cancel ${what} ${notebook}`, () => {
      this.splitRuns.set(what, fakeSplitRun({ state: 'cancelled' }));
    });
  }

  private _splitRun(what: SplitRunKind): SplitRun {
    return this.splitRuns.get(what) ?? fakeSplitRun();
  }

  private async _answer<T>(call: string, answer: () => T): Promise<T> {
    this.calls.push(call);
    await (this.gate ?? Promise.resolve());
    if (this.failure !== null) {
      throw this.failure;
    }
    if (this.failing?.test(call) === true) {
      throw CauceError.fromReply(502, null);
    }
    return answer();
  }
}

function found<T>(value: T | undefined): T {
  if (value === undefined) {
    throw CauceError.fromReply(404, { code: 'not-found', message: 'There is no such thing.' });
  }
  return value;
}

/** A task that never ran, but for what `parts` says. */
export function fakeTask(name: string, parts: Partial<Task> = {}): Task {
  return {
    name,
    kind: 'notebook',
    source: `tasks/${name}.py`,
    where: { path: 'pipeline.yaml', line: 1, column: 1 },
    definition: { path: `tasks/${name}.py`, line: null, column: null },
    notebookPath: null,
    upstream: [],
    products: [],
    freshness: {
      state: 'stale',
      reasons: [fakeReason('never_run', 'It has never run.')]
    },
    activity: { state: 'idle', run: null, started: null, progress: null, retry: '' },
    given: '',
    sound: true,
    buildable: true,
    computed: [],
    lastAttempt: null,
    lastOk: null,
    lastDuration: null,
    ...parts
  };
}

/** A product that cannot be shown, but for what `parts` says. */
export function fakePreview(parts: Partial<Preview> = {}): Preview {
  return {
    product: '',
    kind: 'none',
    text: '',
    mediaType: '',
    columns: [],
    rows: [],
    total: null,
    pieces: [],
    cut: false,
    note: '',
    ...parts
  };
}

export function fakeRun(id: string, parts: Partial<Run> = {}): Run {
  return {
    id,
    state: 'running',
    started: 100,
    ended: null,
    tasks: {},
    host: 'here',
    user: 'me',
    message: '',
    action: null,
    ...parts
  };
}

/** A pipeline of the given tasks, with the edges that their upstream says. */
export function fakeSnapshot(
  pipeline: string,
  tasks: readonly Task[],
  parts: Partial<Snapshot> = {}
): Snapshot {
  const folder = pipeline.slice(0, Math.max(0, pipeline.lastIndexOf('/')));
  return {
    pipeline,
    name: folder === '' ? 'pipeline' : folder,
    root: folder,
    revision: 1,
    tasks,
    edges: tasks.flatMap(task => task.upstream.map(source => ({ source, target: task.name }))),
    problems: [],
    run: null,
    holder: null,
    files: ['pipeline.yaml'],
    evaluable: false,
    unevaluated: false,
    profile: '',
    profiles: [],
    ...parts
  };
}

export function fakeReason(
  kind: Reason['kind'],
  message = '',
  options: Partial<Reason> = {}
): Reason {
  return {
    kind,
    message,
    subject: '',
    how: 'changed',
    before: null,
    after: null,
    task: '',
    ...options
  };
}

/** A plan of the given tasks, each certain to run. */
export function fakePlan(
  pipeline: string,
  tasks: readonly string[] = [],
  parts: Partial<BuildPlan> = {}
): BuildPlan {
  return {
    pipeline,
    root: '',
    tasks: tasks.map(name => ({
      name,
      verdict: 'run',
      forced: false,
      reasons: [fakeReason('never_run', 'It has never run.')],
      after: [],
      duration: null
    })),
    fresh: [],
    caveats: [],
    jobs: 2,
    estimate: null,
    command: 'cauce build',
    ...parts
  };
}

export function fakeSplitRun(parts: Partial<SplitRun> = {}): SplitRun {
  return { state: 'none', cell: null, done: 0, total: 0, message: '', proof: null, ...parts };
}

/** Cells of a notebook: those that begin with '#' and a blank are Markdown. */
export function fakeCells(texts: readonly string[]): Split['cells'] {
  return texts.map((text, number) => {
    const marks = /^(#+) /.exec(text)?.[1];
    return {
      number,
      kind: marks === undefined ? 'code' : 'markdown',
      text,
      heading: marks?.length ?? null
    };
  });
}

/** A small notebook of three sections. */
export const FAKE_CELLS = fakeCells([
  '# Sales',
  '## Load',
  'df = read()',
  '## Clean',
  'df = df.dropna()',
  'rate = 0.2',
  '## Plot',
  'plot(df, rate)'
]);

/** A pipeline in which each task takes one variable, `df`, from the one before it. */
export function fakeSplit(asked: SplitRequest, parts: Partial<Split> = {}): Split {
  const request = newRequest(asked.notebook, asked);
  const cells = parts.cells ?? FAKE_CELLS;
  const level = request.cuts === null && !request.single ? (request.level ?? 2) : null;
  const begins = request.single
    ? []
    : (request.cuts ?? cells.flatMap(each => (each.heading === level ? [each.number] : [])));
  // What comes before the first heading belongs to the first section.
  const firsts = [0, ...begins.filter((cell, i) => cell !== 0 && (request.cuts !== null || i > 0))];
  const names = firsts.map((first, i) => {
    const heading = cells.find(each => each.number >= first && each.heading === 2);
    const within = heading !== undefined && heading.number < (firsts[i + 1] ?? cells.length);
    const slug = within
      ? heading.text.replace(/^#+ /, '').toLowerCase()
      : `section-${String(i + 1)}`;
    return request.names[String(first)] ?? slug;
  });
  const id = (i: number): string => `${String(firsts[i] ?? 0)}:df`;
  return {
    notebook: request.notebook,
    digest: 'd1',
    pipeline: 'pipeline.yaml',
    levels: [
      { level: 1, count: 1 },
      { level: 2, count: 3 }
    ],
    level,
    cuts: firsts,
    cells,
    tasks: firsts.map((first, i) => ({
      name: names[i] ?? '',
      title: '',
      first,
      end: firsts[i + 1] ?? cells.length,
      source: `tasks/${names[i] ?? ''}.py`,
      upstream: i === 0 ? [] : [names[i - 1] ?? ''],
      products:
        i === firsts.length - 1
          ? []
          : [
              {
                id: id(i),
                key: 'df',
                names: ['df'],
                path: `output/${names[i] ?? ''}-df.parquet`,
                format: request.formats[id(i)] ?? 'parquet',
                choices: ['parquet', 'csv', 'pickle'],
                type: 'pandas.DataFrame',
                summary: '(150, 4)',
                size: 4800,
                evidence: 'static',
                trouble: ''
              }
            ],
      files: [],
      repeated: []
    })),
    edges: names.slice(1).map((target, i) => ({
      source: names[i] ?? '',
      target,
      variables: [{ id: id(i), name: 'df', evidence: 'static' }]
    })),
    definitions: [],
    files: [{ path: 'pipeline.yaml', kind: 'created', text: 'tasks: []\n', diff: '' }],
    remarks: [],
    traced: false,
    applicable: true,
    ...parts
  };
}
