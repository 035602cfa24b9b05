import type { Timeline } from '../../server/src/lsp/protocol.ts';

/** A timeline with its columns unpacked; times in ns since `base`. */
export interface Slices {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly cpu: Uint16Array;
  readonly what: Uint32Array;
}

export function unpack(timeline: Timeline): Slices {
  return {
    from: new Uint32Array(bytes(timeline.from)),
    to: new Uint32Array(bytes(timeline.to)),
    cpu: new Uint16Array(bytes(timeline.cpu)),
    what: new Uint32Array(bytes(timeline.what)),
  };
}

function bytes(base64: string): ArrayBuffer {
  const text = atob(base64);
  const array = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) array[i] = text.charCodeAt(i);
  return array.buffer;
}
