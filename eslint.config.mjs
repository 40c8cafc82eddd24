import jupyter from '@jupyter/eslint-plugin';
import prettier from 'eslint-config-prettier';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Forbid imports, saying what to do instead. */
function forbid(files, ignores, group, message) {
  return {
    files,
    ignores,
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group, message }] }] }
  };
}

export default tseslint.config(
  {
    ignores: [
      'lib/',
      'node_modules/',
      'coverage/',
      'server_ext/',
      'ui-tests/',
      'examples/',
      '.venv/',
      'src/contract.ts' // generated
    ]
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    extends: [
      ...tseslint.configs.strictTypeChecked,
      ...tseslint.configs.stylisticTypeChecked,
      prettier
    ],
    languageOptions: {
      parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname }
    },
    plugins: { jupyter, 'react-hooks': reactHooks },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // JupyterLab writes its interfaces so, and its options as namespaces beside the class.
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        },
        {
          selector: 'memberLike',
          modifiers: ['private'],
          format: ['camelCase'],
          leadingUnderscore: 'require'
        }
      ],
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/unbound-method': 'off', // signals take a method and its `this` apart
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      curly: 'error',
      'no-console': 'error',
      // Names, logs and errors reach the page as text.
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML'].map(property => ({
          property,
          message: 'Give React or textContent the text.'
        }))
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector:
            ':matches(JSXAttribute[name.name="dangerouslySetInnerHTML"], Property[key.name="dangerouslySetInnerHTML"])',
          message: 'Give React the text.'
        },
        {
          selector:
            'CallExpression[callee.property.name=/^(createContextualFragment|parseFromString|writeln)$/]',
          message: 'Make elements, and give them text.'
        }
      ],
      'jupyter/command-described-by': 'error',
      'jupyter/command-id-convention': 'error',
      'jupyter/incorrect-translator-usage': 'error',
      'jupyter/no-dynamic-translation': 'error',
      'jupyter/no-translation-concatenation': 'error',
      'jupyter/plugin-activation-args': 'error',
      'jupyter/plugin-description': 'error',
      'jupyter/plugin-id-convention': 'error',
      'jupyter/prefer-signal-this-arg': 'off', // closures are disconnected where they are made
      'jupyter/require-signal-this-arg': 'error',
      'jupyter/token-format': 'error',
      'react-hooks/exhaustive-deps': 'error',
      'react-hooks/rules-of-hooks': 'error'
    }
  },
  {
    files: ['src/**/__tests__/**'],
    rules: { 'no-restricted-properties': 'off' } // pages made for a test
  },
  // One way round: sidebar, commands → model → client → contract.
  forbid(
    ['src/graph/**/*.ts'],
    ['src/graph/use*.ts', 'src/graph/__tests__/**'],
    [
      'react',
      'react-dom',
      '@jupyterlab/*',
      '@lumino/*',
      '../*',
      '!../filter',
      '!../related',
      '!../taskstate'
    ],
    'Layout and paths are numbers and strings: what draws them is a component or a hook.'
  ),
  forbid(
    ['src/graph/*.tsx', 'src/graph/use*.ts'],
    [],
    ['@jupyterlab/*', '@lumino/*', '**/model', '**/client', '**/contract', '**/sidebar/*'],
    'The graph gets props and calls back: give it what it needs from sidebar/graphpart.tsx.'
  ),
  forbid(
    [
      'src/contract.ts',
      'src/diff/sidebyside.ts',
      'src/errors.ts',
      'src/ansi.ts',
      'src/trust.ts',
      'src/paths.ts',
      'src/starter.ts',
      'src/problems.ts',
      'src/editing/files.ts',
      'src/editing/place.ts',
      'src/filter.ts',
      'src/related.ts',
      'src/folded.ts',
      'src/runs/@(matrix|gantt|rerun).ts',
      'src/split/@(edits|sections|signs|passing|walk).ts'
    ],
    [],
    ['react', '@jupyterlab/*', '@lumino/*', '**/model', '**/client', '**/sidebar/*'],
    'This is plain TypeScript that tests need no JupyterLab for: pass in what it needs.'
  ),
  forbid(
    ['src/client.ts'],
    [],
    [
      'react',
      '**/model',
      '**/taskmodel',
      '**/commands',
      '**/actions',
      '**/sidebar/*',
      '**/graph/*'
    ],
    'The client only knows the contract: what it fetches for is the model’s affair.'
  ),
  forbid(
    ['src/model.ts', 'src/taskmodel.ts', 'src/runsmodel.ts', 'src/splitmodel.ts'],
    [],
    ['react', '@jupyterlab/*', '**/commands', '**/actions', '**/sidebar/*', '**/graph/*'],
    'The model says what is so and tells that it changed; who shows it listens.'
  ),
  forbid(
    ['src/@(sidebar|list|detail|diff|runs|components|split)/**'],
    [
      'src/split/dialog.tsx',
      'src/sidebar/@(view|panel|context|hooks|*part).@(ts|tsx)',
      '**/__tests__/**'
    ],
    ['**/model', '**/client', '**/actions', '@lumino/signaling', '@jupyterlab/services'],
    'Components get props and call back: the bridge to the models is view.tsx.'
  )
);
