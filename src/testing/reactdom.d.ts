/**
 * As much of react-dom as tests use: it comes with JupyterLab's packages, its types do not.
 */
declare module 'react-dom' {
  export function flushSync(act: () => void): void;
}

declare module 'react-dom/client' {
  import type { ReactNode } from 'react';

  export interface IRoot {
    render(node: ReactNode): void;
    unmount(): void;
  }

  export function createRoot(node: Element): IRoot;
}
