import type { Collector } from '../collector.ts';
import { type Assemble, type NameSlots, Values, assembler, namesIn, slotOf } from '../named-event.ts';
import { eventName } from './event-names.ts';
import { type EventMessage, GENERIC, KPROBE, MESSAGES } from './messages.ts';
import type { ProtoReader } from './protobuf.ts';

/** Kinds of events that are told apart: there are some hundreds. */
const MOST_KINDS = 10_000;

/** How one kind of event is read. */
export interface EventReader {
  /** Its number in the collector. */
  readonly name: number;
  readonly assemble: Assemble | undefined;
  readonly names: NameSlots;
}

/** Reads the messages of events: those of the .proto files, those that tell their names, those that the file describes. */
export class Events {
  /** Values of the event that was read last. */
  readonly values = new Values();
  private readonly collected: Collector;
  private readonly readers = new Map<number, EventReader>();
  private readonly named = new Map<string, EventReader>();
  private readonly described = new Set<number>();
  private rest: EventReader | undefined;

  constructor(collected: Collector) {
    this.collected = collected;
  }

  /** Takes the values of the `message` that is the field `field` of an event. */
  read(field: number, message: ProtoReader): EventReader {
    if (field === GENERIC || field === KPROBE) return this.readNamed(message);
    while (message.next()) take(this.values, message.field, message);
    return this.readerOf(field);
  }

  /** How events of the field `field` are read. */
  readerOf(field: number): EventReader {
    let reader = this.readers.get(field);
    if (!reader) {
      if (this.readers.size >= MOST_KINDS) return this.other();
      const known = MESSAGES[field] ?? { name: eventName(field), fields: {}, comms: {} };
      this.readers.set(field, (reader = this.newReader(known)));
    }
    return reader;
  }

  /** Takes a GenericEventDescriptor: of an event that has a message of its own in this file alone. */
  describe(descriptor: ProtoReader): void {
    let field = -1;
    let name = '';
    const fields: Record<number, string> = {};
    while (descriptor.next()) {
      if (descriptor.field === 1) field = descriptor.int;
      if (descriptor.field !== 2 || !descriptor.isBlock) continue;
      // A DescriptorProto (google/protobuf/descriptor.proto).
      for (const message = descriptor.message(); message.next();) {
        if (!message.isBlock) continue;
        if (message.field === 1) name = message.text();
        else if (message.field === 2) describeField(message.message(), fields);
      }
    }
    if (name === '' || field in MESSAGES || this.described.has(field) || this.described.size >= MOST_KINDS)
      return;
    this.described.add(field);
    this.readers.set(field, this.newReader({ name, fields, comms: {} }));
  }

  /** How events are read of which there are too many kinds: they are counted. */
  private other(): EventReader {
    return (this.rest ??= this.newReader({ name: 'other events', fields: {}, comms: {} }));
  }

  private newReader({ name, fields, comms }: EventMessage): EventReader {
    const slots = new Map(Object.entries(fields).map(([slot, of]) => [of, Number(slot)]));
    const own = (of: string): number | undefined => slots.get(of);
    const told = Object.entries(comms).flatMap(([text, pid]) => {
      const id = slots.get(pid);
      return id === undefined ? [] : [{ id, text: Number(text) }];
    });
    const names = [...told, ...namesIn(own)];
    return { name: this.collected.addName(name), assemble: assembler(name, own, this.collected), names };
  }

  /** Reads an event that tells its name, and the names of its fields. */
  private readNamed(message: ProtoReader): EventReader {
    let name = '';
    while (message.next()) {
      if (!message.isBlock) continue;
      if (message.field === 1) name = message.text();
      else if (message.field === 2) this.readField(message.message());
    }
    let reader = this.named.get(name);
    if (!reader) {
      if (this.named.size >= MOST_KINDS) return this.other();
      const assemble = assembler(name, slotOf, this.collected);
      reader = { name: this.collected.addName(name), assemble, names: namesIn(slotOf) };
      this.named.set(name, reader);
    }
    return reader;
  }

  private readField(field: ProtoReader): void {
    let slot: number | undefined;
    while (field.next()) {
      if (field.field !== 1) {
        if (slot !== undefined) take(this.values, slot, field);
      } else if (field.isBlock) slot = slotOf(field.text());
    }
  }
}

/** Notes the name of the field that a FieldDescriptorProto describes, by its number. */
function describeField(field: ProtoReader, names: Record<number, string>): void {
  let [name, number] = ['', 0];
  while (field.next()) {
    if (field.field === 1 && field.isBlock) name = field.text();
    else if (field.field === 3) number = field.int;
  }
  names[number] = name;
}

/** Takes the value that the message has at hand. */
function take(values: Values, slot: number, message: ProtoReader): void {
  if (message.isBlock) values.takeText(slot, message.from, message.to);
  else values.takeNumber(slot, message.int);
}
