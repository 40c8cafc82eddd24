/**
 * The JSON Schemas of our files, fetched when first needed and then kept.
 */
import type { IClient, IJsonSchema } from '../client';
import type { Dialect } from './files';

export class Schemas {
  constructor(client: Pick<IClient, 'schema'>) {
    this._client = client;
  }

  /** The schema of a dialect; null when the server does not tell. */
  async of(dialect: Dialect): Promise<IJsonSchema | null> {
    const known = this._known.get(dialect);
    if (known !== undefined) {
      return known;
    }
    const asked = this._client.schema(dialect).catch(() => {
      this._known.delete(dialect); // the next time it may
      return null;
    });
    this._known.set(dialect, asked);
    return asked;
  }

  private readonly _client: Pick<IClient, 'schema'>;
  private readonly _known = new Map<Dialect, Promise<IJsonSchema | null>>();
}
