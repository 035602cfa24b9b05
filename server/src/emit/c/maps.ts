import { comment } from './printer.ts';

/** Room in maps. The loader can change it before the load (`bpf_map__set_max_entries`). */
export const ROOM = {
  vms: 1024,
  vcpus: 8192,
  tasks: 32768,
  cpus: 1024,
  table: 4096,
  requests: 256 * 1024,
} as const;

interface MapDef {
  readonly name: string;
  readonly doc: string;
  readonly type: string;
  readonly key?: string;
  readonly value?: string;
  readonly entries?: string;
  readonly flags?: string;
}

/** The definition of a BPF map. */
export function mapLines(map: MapDef): string[] {
  return [
    ...comment(map.doc),
    'struct {',
    `\t__uint(type, BPF_MAP_TYPE_${map.type});`,
    ...(map.flags === undefined ? [] : [`\t__uint(map_flags, ${map.flags});`]),
    ...(map.entries === undefined ? [] : [`\t__uint(max_entries, ${map.entries});`]),
    ...(map.key === undefined ? [] : [`\t__type(key, ${map.key});`]),
    ...(map.value === undefined ? [] : [`\t__type(value, ${map.value});`]),
    `} ${map.name} SEC(".maps");`,
    '',
  ];
}

/** The numbers of <linux/bpf.h> and <linux/time.h> that generated code may name; they are ABI. */
export const UAPI: Readonly<Record<string, string>> = {
  BPF_MAP_TYPE_HASH: '1',
  BPF_MAP_TYPE_ARRAY: '2',
  BPF_MAP_TYPE_PERCPU_HASH: '5',
  BPF_MAP_TYPE_PERCPU_ARRAY: '6',
  BPF_MAP_TYPE_RINGBUF: '27',
  BPF_MAP_TYPE_TASK_STORAGE: '29',
  BPF_ANY: '0',
  BPF_NOEXIST: '1',
  BPF_F_NO_PREALLOC: '1 << 0',
  BPF_F_MMAPABLE: '1 << 10',
  BPF_LOCAL_STORAGE_GET_F_CREATE: '1 << 0',
  CLOCK_MONOTONIC: '1',
};

/** Words that occur in the text. */
export const wordsOf = (text: string): ReadonlySet<string> => new Set(text.match(/\w+/g) ?? []);
