/**
 * The code that loads what upstream made, by what that is: a pure function over a table.
 */

/** Something that upstream made. */
export interface IInput {
  /** The way to it inside of `upstream`. */
  readonly keys: readonly string[];
  /** A path, or the name of a table. */
  readonly value: string;
  readonly kind: 'file' | 'table' | 'view';
}

export type Language = 'python' | 'r';

export interface ILoading {
  /** Statements that the code needs, those that are there already left out. */
  readonly imports: readonly string[];
  readonly code: string;
}

/** How one kind of product is loaded. `PATH` and `NAME` stand for an expression and a variable. */
interface IRecipe {
  readonly imports: readonly string[];
  readonly code: string;
}

const PANDAS = 'import pandas as pd';
const PATHLIB = 'from pathlib import Path';

function recipe(code: string, ...imports: string[]): IRecipe {
  return { imports, code };
}

const TEXT = recipe('NAME = Path(PATH).read_text(encoding="utf-8")', PATHLIB);
const PICTURE = recipe('Image(filename=PATH)', 'from IPython.display import Image');
const EXCEL = recipe('NAME = pd.read_excel(PATH)', PANDAS);
const HDF = recipe('NAME = h5py.File(PATH, "r")', 'import h5py');
const PICKLE = recipe('NAME = pd.read_pickle(PATH)', PANDAS);
const YAML = recipe(
  'NAME = yaml.safe_load(Path(PATH).read_text(encoding="utf-8"))',
  PATHLIB,
  'import yaml'
);
const TORCH = recipe('NAME = torch.load(PATH)', 'import torch');
const SQLITE = recipe('NAME = sqlite3.connect(PATH)', 'import sqlite3');

const PYTHON: Readonly<Record<string, IRecipe>> = {
  csv: recipe('NAME = pd.read_csv(PATH)', PANDAS),
  'csv.gz': recipe('NAME = pd.read_csv(PATH)', PANDAS),
  tsv: recipe('NAME = pd.read_csv(PATH, sep="\\t")', PANDAS),
  parquet: recipe('NAME = pd.read_parquet(PATH)', PANDAS),
  feather: recipe('NAME = pd.read_feather(PATH)', PANDAS),
  arrow: recipe('NAME = pd.read_feather(PATH)', PANDAS),
  xlsx: EXCEL,
  xls: EXCEL,
  json: recipe('NAME = json.loads(Path(PATH).read_text(encoding="utf-8"))', 'import json', PATHLIB),
  jsonl: recipe('NAME = pd.read_json(PATH, lines=True)', PANDAS),
  geojson: recipe('NAME = gpd.read_file(PATH)', 'import geopandas as gpd'),
  yaml: YAML,
  yml: YAML,
  npy: recipe('NAME = np.load(PATH)', 'import numpy as np'),
  npz: recipe('NAME = np.load(PATH)', 'import numpy as np'),
  pkl: PICKLE,
  pickle: PICKLE,
  joblib: recipe('NAME = joblib.load(PATH)', 'import joblib'),
  pt: TORCH,
  pth: TORCH,
  h5: HDF,
  hdf5: HDF,
  db: SQLITE,
  sqlite: SQLITE,
  duckdb: recipe('NAME = duckdb.connect(PATH, read_only=True)', 'import duckdb'),
  nc: recipe('NAME = xr.open_dataset(PATH)', 'import xarray as xr'),
  txt: TEXT,
  md: TEXT,
  log: TEXT,
  sql: TEXT,
  html: recipe('IFrame(PATH, width="100%", height=600)', 'from IPython.display import IFrame'),
  svg: recipe('SVG(filename=PATH)', 'from IPython.display import SVG'),
  png: PICTURE,
  jpg: PICTURE,
  jpeg: PICTURE,
  gif: PICTURE,
  ipynb: recipe('NAME = nbformat.read(PATH, as_version=4)', 'import nbformat')
};

/** A name without an ending is a folder, most often. */
const PYTHON_FOLDER = recipe('NAME = sorted(Path(PATH).iterdir())', PATHLIB);
const PYTHON_OTHER = recipe('NAME = Path(PATH).read_bytes()', PATHLIB);
/** Which database it is, the pipeline's client says in code, which nobody runs to find out. */
const PYTHON_TABLE = recipe(
  '# The database that the pipeline’s client connects to.\n' +
    'engine = create_engine("sqlite:///data.db")\n' +
    'NAME = pd.read_sql("SELECT * FROM " + PATH, engine)',
  PANDAS,
  'from sqlalchemy import create_engine'
);

const R_TEXT = recipe('NAME <- readLines(PATH)');
const R_PARQUET = recipe('NAME <- read_parquet(PATH)', 'library(arrow)');

const R: Readonly<Record<string, IRecipe>> = {
  csv: recipe('NAME <- read.csv(PATH)'),
  'csv.gz': recipe('NAME <- read.csv(PATH)'),
  tsv: recipe('NAME <- read.delim(PATH)'),
  parquet: R_PARQUET,
  feather: recipe('NAME <- read_feather(PATH)', 'library(arrow)'),
  json: recipe('NAME <- fromJSON(PATH)', 'library(jsonlite)'),
  rds: recipe('NAME <- readRDS(PATH)'),
  xlsx: recipe('NAME <- read_excel(PATH)', 'library(readxl)'),
  txt: R_TEXT,
  md: R_TEXT
};
const R_FOLDER = recipe('NAME <- list.files(PATH, full.names = TRUE)');
const R_OTHER = recipe('NAME <- readBin(PATH, "raw", file.size(PATH))');
const R_TABLE = recipe(
  '# The database that the pipeline’s client connects to.\n' +
    'connection <- dbConnect(SQLite(), "data.db")\n' +
    'NAME <- dbGetQuery(connection, paste("SELECT * FROM", PATH))',
  'library(DBI)',
  'library(RSQLite)'
);

/** The code that loads a file by its path, for whoever has no notebook of a task before them. */
export function fileCode(path: string): string {
  const input: IInput = { keys: ['data'], value: path, kind: 'file' };
  const { imports, code } = recipeOf(input, 'python');
  const filled = code.replace(/\bPATH\b/g, () => JSON.stringify(path)).replace(/\bNAME\b/g, 'data');
  return cellText({ imports, code: filled });
}

/**
 * The code for a cell; `present` is the code of the notebook's other cells, whose names are taken,
 * and `above` that of those above it, whose imports are there.
 */
export function loadingCode(
  input: IInput,
  language: Language,
  present: string,
  above = present
): ILoading {
  const { imports, code } = recipeOf(input, language);
  const quoted = input.keys.map(key => JSON.stringify(key));
  const way = quoted.map(key => (language === 'r' ? `[[${key}]]` : `[${key}]`)).join('');
  const name = variable(input, language, present);
  return {
    imports: imports.filter(each => !has(above, each)),
    code: code.replace(/\bPATH\b/g, () => `upstream${way}`).replace(/\bNAME\b/g, () => name)
  };
}

/** All of it as one text. */
export function cellText({ imports, code }: ILoading): string {
  return [...imports, ...(imports.length > 0 ? [''] : []), code].join('\n');
}

function recipeOf({ kind, value }: IInput, language: Language): IRecipe {
  const python = language === 'python';
  if (kind !== 'file') {
    return python ? PYTHON_TABLE : R_TABLE;
  }
  const table = python ? PYTHON : R;
  const file = value.slice(value.lastIndexOf('/') + 1).toLowerCase();
  const [, ...endings] = file.replace(/^\.+/, '').split('.');
  if (endings.length === 0) {
    return python ? PYTHON_FOLDER : R_FOLDER;
  }
  for (const ending of [endings.slice(-2).join('.'), endings[endings.length - 1] ?? '']) {
    const found = Object.hasOwn(table, ending) ? table[ending] : undefined;
    if (found !== undefined) {
      return found;
    }
  }
  return python ? PYTHON_OTHER : R_OTHER;
}

/** Keys that say nothing which the task's name does not say. */
const GENERAL = /^(data|file|output|product|result)$/i;

const RESERVED: Readonly<Record<Language, ReadonlySet<string>>> = {
  python: new Set(
    (
      'False None True and as assert async await break class continue def del elif else except finally for from ' +
      'global if import in is lambda nonlocal not or pass raise return try while with yield upstream product'
    ).split(' ')
  ),
  r: new Set(
    'if else repeat while function for next break in TRUE FALSE NULL Inf NaN NA upstream product'.split(
      ' '
    )
  )
};

/** A variable's name that says what it holds, and is not taken yet. */
function variable({ keys }: IInput, language: Language, present: string): string {
  const said =
    keys.length > 1 ? keys.filter(key => !GENERAL.test(key) && !key.includes('*')) : keys;
  const words = (said.length === 0 ? keys : said).join('_').replace(/[^\p{L}\p{N}_]+/gu, '_');
  const base = words.replace(/^_+|_+$/g, '') || 'loaded';
  const safe = /^\p{N}/u.test(base) || RESERVED[language].has(base) ? `_${base}` : base;
  const start = language === 'r' ? safe.replace(/^_/, 'x') : safe;
  let name = start;
  for (let number = 2; assigned(present, name); number++) {
    name = `${start}_${String(number)}`;
  }
  return name;
}

function assigned(code: string, name: string): boolean {
  const escaped = name.replace(/[.$]/g, '\\$&');
  return new RegExp(
    `^[ \\t]*(?:def |class |import |import .* as |from .* import .*\\b)?${escaped}[ \\t]*(?:=(?!=)|<-|\\(|$)`,
    'mu'
  ).test(code);
}

/** Is the statement there, alone or among others that are imported from the same module? */
function has(code: string, statement: string): boolean {
  const lines = code.split('\n').map(line => line.replace(/#.*$/, '').trim());
  const [, module, name] = /^from (\S+) import (\S+)$/.exec(statement) ?? [];
  return lines.some(line => {
    if (line === statement) {
      return true;
    }
    const [, other, names] = /^from (\S+) import (.+)$/.exec(line) ?? [];
    return (
      module !== undefined &&
      other === module &&
      (names ?? '')
        .replace(/[()]/g, '')
        .split(',')
        .some(each => each.trim() === name)
    );
  });
}
