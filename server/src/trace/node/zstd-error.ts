/** The zstd data breaks off or is damaged; the message is a sentence on that. */
export class ZstdError extends Error {}

export const DAMAGED = 'the zstd data is damaged';
