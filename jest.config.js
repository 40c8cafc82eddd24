const babel = require('@jupyterlab/testutils/lib/babel.config');
const jupyterlab = require('@jupyterlab/testutils/lib/jest-config');

const base = jupyterlab(__dirname);

// These ship ES modules alone.
const esModules = [
  '@codemirror',
  '@jupyter/react-components',
  '@jupyter/web-components',
  '@jupyter/ydoc',
  '@jupyterlab/',
  '@microsoft',
  'd3-dag',
  'exenv-es6',
  'lib0',
  'nanoid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

module.exports = {
  ...base,
  collectCoverageFrom: ['src/**/*.{ts,tsx}', '!src/contract.ts', '!src/**/*.d.ts'],
  coverageReporters: ['text'],
  moduleNameMapper: {
    ...base.moduleNameMapper,
    // `import.meta` is no part of the modules that jest makes, and jsdom has no workers.
    '/startworker$': '<rootDir>/src/testing/noworker.ts'
  },
  modulePathIgnorePatterns: ['<rootDir>/server_ext/', '<rootDir>/lib/', '<rootDir>/.venv/'],
  reporters: ['default'],
  testRegex: 'src/.*/__tests__/.*\\.spec\\.tsx?$|src/__tests__/.*\\.spec\\.tsx?$',
  transform: {
    ...base.transform,
    '^.+\\.jsx?$': ['babel-jest', babel.default],
    // Types are checked by `lint:check`; here they are only taken off.
    '^.+\\.tsx?$': ['ts-jest', { tsconfig: './tsconfig.jest.json', diagnostics: false }]
  },
  transformIgnorePatterns: [`/node_modules/(?!${esModules}).+`]
};
