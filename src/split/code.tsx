/**
 * Code to read, in the theme's colours once it is in sight. Always text, never HTML.
 */
import * as React from 'react';

/** Puts the text of a language into an element, as coloured pieces. */
export type Paint = (text: string, language: string, into: HTMLElement) => Promise<void>;

export interface ICodeProps {
  readonly text: string;
  /** A media type; '' for text without colours. */
  readonly language: string;
  /** `null` where nothing can colour. */
  readonly paint: Paint | null;
}

export const Code = React.memo(function Code(props: ICodeProps): React.JSX.Element {
  const { text, language, paint } = props;
  const element = React.useRef<HTMLElement>(null);
  React.useLayoutEffect(() => {
    // React has no part in what is in the element: the painter puts other pieces there.
    element.current?.replaceChildren(text);
  }, [text]);
  React.useEffect(() => {
    const node = element.current;
    if (node === null || paint === null || language === '' || text === '') {
      return undefined;
    }
    let wanted = true;
    const act = (): void => {
      const pieces = document.createElement('code');
      void paint(text, language, pieces).then(
        () => {
          if (wanted) {
            node.replaceChildren(...pieces.childNodes);
          }
        },
        () => undefined // without colours it can be read as well
      );
    };
    if (typeof IntersectionObserver === 'undefined') {
      act();
      return () => {
        wanted = false;
      };
    }
    const observer = new IntersectionObserver(entries => {
      if (entries.some(entry => entry.isIntersecting)) {
        observer.disconnect();
        act();
      }
    });
    observer.observe(node);
    return () => {
      wanted = false;
      observer.disconnect();
    };
  }, [text, language, paint]);
  return <code className="jp-cauce-Code" ref={element} />;
});
