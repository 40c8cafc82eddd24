/**
 * The layout off the main thread: one message with the input, one message back.
 */
import { layout, type ILayoutInput } from './layout';

self.onmessage = (event: MessageEvent<ILayoutInput>): void => {
  self.postMessage(layout(event.data));
};
