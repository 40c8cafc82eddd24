/**
 * The REST API as typed functions: the only place that knows URLs.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type {
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
  PipelineList,
  Preview,
  PreviewRequest,
  Problems,
  ProfileChoice,
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
  TaskDetail,
  TaskRemoval,
  TaskRename,
  UndoRequest,
  UpstreamChange
} from './contract';
import { CauceError } from './errors';

/**
 * What the server can be asked. Every call rejects with `CauceError` and with nothing else.
 *
 * A pipeline is named by the path of its file, relative to the server's root.
 */
export interface IClient {
  /** The pipelines below the server's root; `again` makes the server search anew. */
  pipelines(again?: boolean): Promise<PipelineList>;
  snapshot(pipeline: string): Promise<Snapshot>;
  task(pipeline: string, task: string): Promise<TaskDetail>;
  start(pipeline: string, request: RunRequest): Promise<Build>;
  /** What a build with that request would do; nothing is run. */
  plan(pipeline: string, request: RunRequest): Promise<BuildPlan>;
  /** The builds that are going on below the server's root, whoever started them. */
  builds(): Promise<ActiveBuildList>;
  run(pipeline: string, run: string): Promise<Run>;
  /** The runs, newest first: the last ones, or those before one of them. */
  runs(pipeline: string, before?: string): Promise<RunList>;
  /** One run, as it went. */
  attempts(pipeline: string, run: string): Promise<RunDetail>;
  /** What two runs left. */
  compare(pipeline: string, before: string, after: string): Promise<RunComparison>;
  /** Forget a run that has ended. */
  forget(pipeline: string, run: string): Promise<void>;
  cancel(pipeline: string, run: string): Promise<void>;
  /** A piece of a log, from `offset` on: of at most `limit` bytes. */
  log(
    pipeline: string,
    run: string,
    task: string,
    offset: number,
    limit?: number
  ): Promise<LogChunk>;
  /** The beginning of a product, as far as nothing has to be run for it. */
  preview(pipeline: string, task: string, product: string): Promise<Preview>;
  /** The same where only running code can tell. */
  previewByCode(pipeline: string, task: string, product: string): Promise<Preview>;
  /** Create the sources that the pipeline names and that do not exist. */
  scaffold(pipeline: string): Promise<Created>;
  /** Move what tasks have made to the trash, or say what would be. */
  clean(pipeline: string, request: CleanRequest): Promise<Cleaned>;
  /** One more task; like all that follow, only asked about with `dryRun`. */
  addTask(pipeline: string, request: NewTask): Promise<Changed>;
  renameTask(pipeline: string, task: string, request: TaskRename): Promise<Changed>;
  removeTask(pipeline: string, task: string, request: TaskRemoval): Promise<Changed>;
  /** Edit what a task needs, where that is written. */
  changeUpstream(pipeline: string, task: string, request: UpstreamChange): Promise<Changed>;
  /** Take a change back; `undo` is from its reply. */
  undo(pipeline: string, undo: string): Promise<Changed>;
  /** Write a pipeline file for sources that are there. */
  createPipeline(request: NewPipeline): Promise<Changed>;
  /** Choose the file of values; '' for env.yaml. */
  chooseProfile(pipeline: string, profile: string): Promise<Profiles>;
  /** What is wrong with a text that may not be saved yet. */
  check(request: CheckRequest): Promise<Problems>;
  /** What a document shows beyond its file when it is opened as a task's notebook now. */
  opened(document: string): Promise<Opened>;
  /** Choose, of the tasks that share a source, the one whose values its notebook shows. */
  showTask(request: ShowRequest): Promise<Opened>;
  /** The JSON Schema of pipeline.yaml or env.yaml. */
  schema(dialect: 'pipeline' | 'env'): Promise<IJsonSchema>;
  /** The pipeline that a notebook would become; nothing is written. */
  planSplit(request: SplitRequest): Promise<Split>;
  /** Write it. */
  applySplit(request: SplitApply): Promise<SplitApplied>;
  /** Run a notebook to see what its cells do, or a pipeline made of it, to compare the two. */
  startSplitRun(what: SplitRunKind, job: SplitJob): Promise<SplitRun>;
  /** How far that has come. */
  splitRun(what: SplitRunKind, notebook: string): Promise<SplitRun>;
  cancelSplitRun(what: SplitRunKind, notebook: string): Promise<void>;
}

/** What can be run for a split. */
export type SplitRunKind = 'trace' | 'proof';

/** As much of JSON Schema as an editor needs; the rest is of no interest here. */
export interface IJsonSchema {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, IJsonSchema>>;
  readonly items?: IJsonSchema;
  readonly anyOf?: readonly IJsonSchema[];
  readonly oneOf?: readonly IJsonSchema[];
  readonly allOf?: readonly IJsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: string | readonly string[];
  readonly additionalProperties?: boolean | IJsonSchema;
  readonly definitions?: Readonly<Record<string, IJsonSchema>>;
  readonly default?: unknown;
}

type Body =
  | RunRequest
  | CleanRequest
  | CheckRequest
  | PreviewRequest
  | ShowRequest
  | NewTask
  | TaskRename
  | TaskRemoval
  | UpstreamChange
  | UndoRequest
  | NewPipeline
  | ProfileChoice
  | SplitRequest
  | SplitApply
  | SplitJob;

export class Client implements IClient {
  constructor(settings: ServerConnection.ISettings) {
    this._settings = settings;
  }

  pipelines(again = false): Promise<PipelineList> {
    return this._json<PipelineList>('GET', again ? 'pipelines?refresh=1' : 'pipelines');
  }

  snapshot(pipeline: string): Promise<Snapshot> {
    return this._json<Snapshot>('GET', at(pipeline));
  }

  task(pipeline: string, task: string): Promise<TaskDetail> {
    return this._json<TaskDetail>('GET', at(pipeline, 'tasks', task));
  }

  start(pipeline: string, request: RunRequest): Promise<Build> {
    return this._json<Build>('POST', at(pipeline, 'runs'), request);
  }

  plan(pipeline: string, request: RunRequest): Promise<BuildPlan> {
    return this._json<BuildPlan>('POST', at(pipeline, 'plan'), request);
  }

  builds(): Promise<ActiveBuildList> {
    return this._json<ActiveBuildList>('GET', 'builds');
  }

  run(pipeline: string, run: string): Promise<Run> {
    return this._json<Run>('GET', at(pipeline, 'runs', run));
  }

  runs(pipeline: string, before?: string): Promise<RunList> {
    const query = before === undefined ? '' : `?${new URLSearchParams({ before }).toString()}`;
    return this._json<RunList>('GET', at(pipeline, 'runs') + query);
  }

  attempts(pipeline: string, run: string): Promise<RunDetail> {
    return this._json<RunDetail>('GET', at(pipeline, 'runs', run, 'attempts'));
  }

  compare(pipeline: string, before: string, after: string): Promise<RunComparison> {
    const query = new URLSearchParams({ with: before }).toString();
    return this._json<RunComparison>(
      'GET',
      `${at(pipeline, 'runs', after, 'comparison')}?${query}`
    );
  }

  async forget(pipeline: string, run: string): Promise<void> {
    await this._request('DELETE', at(pipeline, 'runs', run, 'record'));
  }

  async cancel(pipeline: string, run: string): Promise<void> {
    await this._request('DELETE', at(pipeline, 'runs', run));
  }

  log(
    pipeline: string,
    run: string,
    task: string,
    offset: number,
    limit?: number
  ): Promise<LogChunk> {
    const query = new URLSearchParams({ task, offset: String(offset) });
    if (limit !== undefined) {
      query.set('limit', String(limit));
    }
    return this._json<LogChunk>('GET', `${at(pipeline, 'runs', run, 'log')}?${query.toString()}`);
  }

  preview(pipeline: string, task: string, product: string): Promise<Preview> {
    const query = new URLSearchParams({ product });
    return this._json<Preview>(
      'GET',
      `${at(pipeline, 'tasks', task, 'preview')}?${query.toString()}`
    );
  }

  previewByCode(pipeline: string, task: string, product: string): Promise<Preview> {
    return this._json<Preview>('POST', at(pipeline, 'tasks', task, 'preview'), { product });
  }

  scaffold(pipeline: string): Promise<Created> {
    return this._json<Created>('POST', at(pipeline, 'scaffold'));
  }

  clean(pipeline: string, request: CleanRequest): Promise<Cleaned> {
    return this._json<Cleaned>('POST', at(pipeline, 'clean'), request);
  }

  addTask(pipeline: string, request: NewTask): Promise<Changed> {
    return this._json<Changed>('POST', at(pipeline, 'tasks'), request);
  }

  renameTask(pipeline: string, task: string, request: TaskRename): Promise<Changed> {
    return this._json<Changed>('POST', at(pipeline, 'tasks', task, 'rename'), request);
  }

  removeTask(pipeline: string, task: string, request: TaskRemoval): Promise<Changed> {
    return this._json<Changed>('POST', at(pipeline, 'tasks', task, 'remove'), request);
  }

  changeUpstream(pipeline: string, task: string, request: UpstreamChange): Promise<Changed> {
    return this._json<Changed>('PUT', at(pipeline, 'tasks', task, 'upstream'), request);
  }

  undo(pipeline: string, undo: string): Promise<Changed> {
    return this._json<Changed>('POST', at(pipeline, 'undo'), { undo });
  }

  createPipeline(request: NewPipeline): Promise<Changed> {
    return this._json<Changed>('POST', 'create', request);
  }

  chooseProfile(pipeline: string, profile: string): Promise<Profiles> {
    return this._json<Profiles>('PUT', at(pipeline, 'profile'), { profile });
  }

  check(request: CheckRequest): Promise<Problems> {
    return this._json<Problems>('POST', 'check', request);
  }

  opened(document: string): Promise<Opened> {
    const query = new URLSearchParams({ path: document });
    return this._json<Opened>('GET', `opened?${query.toString()}`);
  }

  showTask(request: ShowRequest): Promise<Opened> {
    return this._json<Opened>('PUT', 'opened', request);
  }

  schema(dialect: 'pipeline' | 'env'): Promise<IJsonSchema> {
    return this._json<IJsonSchema>('GET', `schema/${dialect}`);
  }

  planSplit(request: SplitRequest): Promise<Split> {
    return this._json<Split>('POST', 'split/plan', request);
  }

  applySplit(request: SplitApply): Promise<SplitApplied> {
    return this._json<SplitApplied>('POST', 'split/apply', request);
  }

  startSplitRun(what: SplitRunKind, job: SplitJob): Promise<SplitRun> {
    return this._json<SplitRun>('POST', `split/${what}`, job);
  }

  splitRun(what: SplitRunKind, notebook: string): Promise<SplitRun> {
    return this._json<SplitRun>('GET', splitRunAt(what, notebook));
  }

  async cancelSplitRun(what: SplitRunKind, notebook: string): Promise<void> {
    await this._request('DELETE', splitRunAt(what, notebook));
  }

  private async _json<T>(method: string, path: string, body?: Body): Promise<T> {
    const response = await this._request(method, path, body);
    try {
      // The contract's types are generated from the server's: its replies are trusted to match.
      return (await response.json()) as T;
    } catch {
      throw CauceError.fromReply(response.status, null);
    }
  }

  private async _request(method: string, path: string, body?: Body): Promise<Response> {
    const url = URLExt.join(this._settings.baseUrl, 'cauce', 'api') + '/' + path;
    const init: RequestInit = { method };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { 'Content-Type': 'application/json' };
    }
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this._settings);
    } catch (cause) {
      throw CauceError.fromNetwork(cause);
    }
    if (!response.ok) {
      let reply: unknown = null;
      try {
        reply = await response.json();
      } catch {
        // Not JSON: fromReply says what that means.
      }
      throw CauceError.fromReply(response.status, reply);
    }
    return response;
  }

  private readonly _settings: ServerConnection.ISettings;
}

/** The address of a pipeline, or of something below it: slashes of the file's path stay. */
function at(pipeline: string, ...rest: string[]): string {
  const file = pipeline.split('/').map(encodeURIComponent).join('/');
  return ['pipelines', file, ...rest.map(encodeURIComponent)].join('/');
}

function splitRunAt(what: SplitRunKind, notebook: string): string {
  return `split/${what}?${new URLSearchParams({ notebook }).toString()}`;
}
