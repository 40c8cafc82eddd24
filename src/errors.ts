/**
 * What can go wrong between the browser and the server, as one class.
 */
import type { ErrorBody, Holder, Where } from './contract';

/**
 * A refused or failed request.
 *
 * `status` is the HTTP status, or 0 when no answer came at all. `code` is the server's own
 * for errors that it explains; ours are `server-missing` (JupyterLab runs without the server
 * half of Cauce), `unreachable` and `unexpected`. Their messages are for logs: `errorWords` says
 * what users read.
 */
export class CauceError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly where: Where | null;
  readonly holder: Holder | null;
  readonly status: number;

  constructor(status: number, body: ErrorBody) {
    super(body.message);
    this.name = 'CauceError';
    this.status = status;
    this.code = body.code;
    this.hint = body.hint;
    this.where = body.where;
    this.holder = body.holder;
  }

  /** JupyterLab runs, but its server does not know our routes. */
  get serverMissing(): boolean {
    return this.code === 'server-missing';
  }

  /** Nobody answered, or something between us and the server did. */
  get unreachable(): boolean {
    return this.status === 0 || (this.status >= 500 && this.code === 'unexpected');
  }

  /** Made from what a reply with an error status held; `null` when that was not JSON of ours. */
  static fromReply(status: number, body: unknown): CauceError {
    if (isErrorBody(body)) {
      return new CauceError(status, {
        code: body.code,
        message: body.message,
        hint: body.hint ?? '',
        where: body.where ?? null,
        holder: body.holder ?? null
      });
    }
    // Every error of our routes has a body of ours: a bare 404 means that the routes are not there.
    return status === 404
      ? CauceError._local('server-missing', 'The server part of Cauce is not running.', status)
      : CauceError._local('unexpected', `The server answered ${String(status)}.`, status);
  }

  /** Made from the failure to get any reply. */
  static fromNetwork(cause: unknown): CauceError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return CauceError._local('unreachable', `Cannot reach the server: ${reason}`, 0);
  }

  private static _local(code: string, message: string, status: number): CauceError {
    return new CauceError(status, { code, message, hint: '', where: null, holder: null });
  }
}

type Loose = Pick<ErrorBody, 'code' | 'message'> & Partial<ErrorBody>;

function isErrorBody(value: unknown): value is Loose {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'message' in value &&
    typeof value.message === 'string'
  );
}
