import type { TraceResult } from './columns.ts';
import { type TextReader, createTextReader } from './read-text.ts';

const NEWLINE = 0x0a;
/** A line of a trace is shorter; of what stands around it, no more is looked at. */
const LONGEST = 64 * 1024;
const BEGIN = /<script\b[^>]*\bclass="trace-data"[^>]*>\s*$/;
const END = /<\/script>/;
const decoder = new TextDecoder('latin1');

/** Reads a page that systrace wrote: ftrace text inside of `<script class="trace-data">`, and much around it. */
export function createSystraceReader(): TextReader {
  return new SystraceReader();
}

class SystraceReader implements TextReader {
  private readonly text = createTextReader();
  private inside = false;
  /** Of the script that began: no line that is not blank has come. */
  private fresh = false;
  private carry = new Uint8Array(0);

  push(chunk: Uint8Array): boolean {
    let at = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, at);
      if (end < 0) break;
      if (!this.line(this.withCarry(chunk.subarray(at, end + 1)))) return false;
      at = end + 1;
    }
    this.carry = this.withCarry(chunk.subarray(at));
    if (this.carry.length > LONGEST) {
      this.text.jump(this.carry.length);
      this.carry = new Uint8Array(0);
    }
    return true;
  }

  get events(): number {
    return this.text.events;
  }

  finish(cut?: string): TraceResult {
    const result = this.text.finish(cut);
    return result.ok ? { ok: true, trace: { ...result.trace, format: 'systrace-html' } } : result;
  }

  private withCarry(part: Uint8Array): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.carry.length + part.length);
    whole.set(this.carry);
    whole.set(part, this.carry.length);
    this.carry = new Uint8Array(0);
    return whole;
  }

  private line(line: Uint8Array): boolean {
    if (!this.inside || this.fresh || line.includes(0x3c)) {
      const text = decoder.decode(line);
      if (this.inside && END.test(text)) {
        this.inside = false;
        this.fresh = false;
      } else if (this.fresh && /\S/.test(text)) {
        this.fresh = false;
        // Another script of the same class says in JSON how the page was made.
        this.inside = !/^\s*[{[]/.test(text);
      } else if (!this.inside && BEGIN.test(text)) {
        this.inside = true;
        this.fresh = true;
        return this.blank(line);
      }
    }
    return this.inside ? this.text.push(line) : this.blank(line);
  }

  /** Counts the line, and hands over nothing of it. */
  private blank(line: Uint8Array): boolean {
    this.text.jump(line.length - 1);
    return this.text.push(line.subarray(-1));
  }
}
