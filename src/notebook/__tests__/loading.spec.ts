import { cellText, loadingCode, type IInput, type Language } from '../loading';

function load(
  value: string,
  {
    keys = ['clean'],
    kind = 'file',
    language = 'python',
    present = ''
  }: {
    keys?: readonly string[];
    kind?: IInput['kind'];
    language?: Language;
    present?: string;
  } = {}
): string {
  return cellText(loadingCode({ keys, value, kind }, language, present));
}

describe('The code that loads a product', () => {
  it.each([
    ['out/clean.csv', 'import pandas as pd\n\nclean = pd.read_csv(upstream["clean"])'],
    ['out/clean.csv.gz', 'import pandas as pd\n\nclean = pd.read_csv(upstream["clean"])'],
    ['out/clean.PARQUET', 'import pandas as pd\n\nclean = pd.read_parquet(upstream["clean"])'],
    ['clean.tsv', 'import pandas as pd\n\nclean = pd.read_csv(upstream["clean"], sep="\\t")'],
    ['clean.npy', 'import numpy as np\n\nclean = np.load(upstream["clean"])'],
    ['clean.pkl', 'import pandas as pd\n\nclean = pd.read_pickle(upstream["clean"])'],
    ['clean.joblib', 'import joblib\n\nclean = joblib.load(upstream["clean"])'],
    ['clean.png', 'from IPython.display import Image\n\nImage(filename=upstream["clean"])'],
    ['clean.ipynb', 'import nbformat\n\nclean = nbformat.read(upstream["clean"], as_version=4)'],
    [
      'clean.json',
      'import json\nfrom pathlib import Path\n\n' +
        'clean = json.loads(Path(upstream["clean"]).read_text(encoding="utf-8"))'
    ],
    [
      'out.v2/clean',
      'from pathlib import Path\n\nclean = sorted(Path(upstream["clean"]).iterdir())'
    ],
    ['a.b.bin', 'from pathlib import Path\n\nclean = Path(upstream["clean"]).read_bytes()'],
    ['x.constructor', 'from pathlib import Path\n\nclean = Path(upstream["clean"]).read_bytes()']
  ])('%s', (file, code) => {
    expect(load(file)).toBe(code);
  });

  it('of a table names the database as what is to be filled in', () => {
    const code = load('public.clean', { kind: 'table' });
    expect(code).toContain('pd.read_sql("SELECT * FROM " + upstream["clean"], engine)');
    expect(code).toContain('from sqlalchemy import create_engine');
  });

  it('is R where the notebook is', () => {
    const options = { language: 'r', keys: ['get data', 'rows'] } as const;
    expect(load('a.csv', options)).toBe(
      'get_data_rows <- read.csv(upstream[["get data"]][["rows"]])'
    );
    expect(load('a.parquet', options)).toMatch(/^library\(arrow\)\n\n/);
  });

  it('imports only what is not there', () => {
    expect(load('a.csv', { present: 'import pandas as pd  # tables' })).toBe(
      'clean = pd.read_csv(upstream["clean"])'
    );
    expect(load('a.txt', { present: 'from pathlib import (PurePath, Path)' })).not.toContain(
      'import'
    );
    expect(load('a.csv', { present: '# import pandas as pd' })).toContain('import pandas');
    const input = { keys: ['a'], value: 'a.csv', kind: 'file' } as const;
    expect(loadingCode(input, 'python', 'import pandas as pd', '').imports).toHaveLength(1);
  });

  it.each<[readonly string[], string]>([
    [['clean', 'data'], 'clean'],
    [['clean', 'model'], 'clean_model'],
    [['fit-*', 'fit-1', 'data'], 'fit_1'],
    [['my.task/1'], 'my_task_1'],
    [['2020'], '_2020'],
    [['class'], '_class'],
    [['año'], 'año'],
    [['-*-'], 'loaded']
  ])('calls what %j leads to %s', (keys, name) => {
    expect(load('a.csv', { keys })).toContain(`\n${name} = `);
  });

  it('does not take a name that is taken', () => {
    const present = 'clean = 1\nif True:\n    clean_2 = 2\nprint(clean_3)';
    expect(load('a.csv', { present })).toContain('\nclean_3 = ');
  });

  it('writes keys so that they are what they are', () => {
    expect(load('a.csv', { keys: ['a"b\\', '$&'] })).toContain('upstream["a\\"b\\\\"]["$&"]');
  });
});
