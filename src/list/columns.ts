/**
 * What a list of a given width has room for.
 */
export interface IColumns {
  /** Named after what comes with it: the state in a word, facts of the last run, files. */
  readonly size: 'name' | 'word' | 'facts' | 'files';
  /** The most lanes for arcs. */
  readonly lanes: number;
  /** Pixels from one lane to the next. */
  readonly pitch: number;
}

export function columnsFor(width: number): IColumns {
  if (width < 250) {
    return { size: 'name', lanes: 3, pitch: 6 };
  }
  if (width < 460) {
    return { size: 'word', lanes: 5, pitch: 6 };
  }
  if (width < 820) {
    return { size: 'facts', lanes: 8, pitch: 7 };
  }
  return { size: 'files', lanes: 12, pitch: 8 };
}
