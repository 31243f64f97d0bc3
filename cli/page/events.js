// SPDX-License-Identifier: LGPL-2.1-or-later
// events.js - the records of a journal (docs/reports.md) as events to show:
// { time, end, kind, text, lane, bad }. A call and its return, the begin and
// the end of a step are one event that lasts.

const EVENT_KINDS = {
  step: "Test", call: "Guest calls", bus: "Bus", reg: "Registers",
  line: "Lines", irq: "Interrupts", timer: "Timers", log: "Kernel",
};

const hex = (n, digits = 2) => n.toString(16).padStart(digits, "0");
const bytes = (data) => (data.match(/../g) || []).join(" ");
const shortPath = (path) => path.split("/").pop();

function quoted(record) {
  if (record.text != null) return ` ${JSON.stringify(record.text)}`;
  return record.data ? ` ${bytes(record.data)}` : "";
}

function registerText(record) {
  const name = record.name || `0x${hex(record.reg)}`;
  const fields = Object.entries(record.fields || {}).map(([field, n]) => `${field}=${n}`);
  return `${name} ${record.read ? "\u2192" : "="} 0x${hex(record.value, 1)}` +
    (fields.length ? `  ${fields.join(" ")}` : "");
}

class EventMaker {
  constructor(machine) {
    this.events = [];
    this.calls = new Map();
    this.steps = [];
    this.chips = new Map();     // address: name
    this.lines = new Map();     // number: name
    this.end = machine.end;
    for (const record of machine.records)
      if (record.type === "chip" && record.irq_line != null)
        this.lines.set(record.irq_line, `${record.name} irq`);
    const ready = machine.records.findIndex((r) => r.type === "ready");
    machine.records.forEach((record, i) => {
      // What the kernel says at boot is the same for each test.
      if (record.type === "log" && i < ready) return;
      try {
        const make = this[`on_${record.type}`];
        if (make) make.call(this, record);
      } catch {
        // Not as lib/journal.c writes it: the others are still to be seen.
      }
    });
    this.events.forEach((event, i) => { event.order = i; });
    this.events.sort((a, b) => a.time - b.time || a.order - b.order);
  }

  add(kind, record, text, more) {
    const event = { kind, time: record.time, end: record.time, text, lane: kind, ...more };
    this.events.push(event);
    return event;
  }

  chipLane(record) {
    const name = record.chip || this.chips.get(record.addr);
    return `bus ${name ? `${name} ` : ""}@${hex(record.addr)}`;
  }

  lineName(line) {
    const name = this.lines.get(line);
    return name ? `${line} (${name})` : `${line}`;
  }

  on_chip(record) { this.chips.set(record.addr, record.name); }

  on_test(record) {
    if (this.id !== record.id) this.add("step", record, `test ${record.id}`);
    this.id = record.id;
  }

  on_end(record) {
    this.add("step", record, record.error ? `end of the test: ${record.error}`
      : "end of the test", { bad: Boolean(record.error) });
  }

  on_ready(record) { this.add("log", record, `the guest is up: Linux ${record.release}`); }

  on_gone(record) { this.add("step", record, `the machine has ended: ${record.text}`, { bad: true }); }

  on_step(record) {
    const where = record.file ? ` (${shortPath(record.file)}:${record.line})` : "";
    if (record.step === "begin") {
      this.steps.push(this.add("step", record, record.text, { end: this.end, lasts: true }));
    } else if (record.step === "end") {
      const step = this.steps.pop();
      if (step) step.end = record.time;
    } else {
      this.add("step", record, `${record.text}${where}`, { bad: record.step === "failed" });
    }
  }

  on_note(record) {
    if (record.text !== this.id)        // the begin of a test is noted, too
      this.add("step", record, record.text);
  }

  on_call(record) {
    const event = this.add("call", record, record.what + quoted(record),
      { end: this.end, lasts: true, open: true });
    this.calls.set(record.call, event);
  }

  on_return(record) {
    const event = this.calls.get(record.call);
    const result = record.error ? `-${record.error}` : `${record.result}`;
    const text = `= ${result}${quoted(record)}`;
    if (!event) return;
    this.calls.delete(record.call);
    event.end = record.time;
    event.open = false;
    event.text += ` ${text}`;
    event.bad = Boolean(record.error);
  }

  on_i2c(record) {
    const failed = record.error ? ` = -${record.error}` : "";
    this.add("bus", record,
      `#${record.transaction} ${hex(record.addr)} ${record.chip || "(no chip)"} ` +
      `${record.read ? "R" : "W"} ${bytes(record.data)}${failed}`,
      { time: record.start, end: record.time, lasts: true, bad: Boolean(record.error),
        lane: this.chipLane(record), label: `${record.read ? "R" : "W"} ${bytes(record.data)}` });
  }

  on_reg(record) {
    const chip = this.chips.get(record.addr);
    this.add("reg", record, (chip ? `${chip} ` : "") + registerText(record),
      { lane: this.chipLane(record), label: registerText(record) });
  }

  on_line(record) {
    this.add("line", record, `line ${this.lineName(record.line)} = ${record.level}` +
      (record.guest ? " by the guest" : ""),
      { lane: `line ${this.lineName(record.line)}`, level: record.level });
  }

  on_direction(record) {
    this.add("line", record, `line ${this.lineName(record.line)} turns ${record.direction}`,
      { lane: `line ${this.lineName(record.line)}` });
  }

  on_irq_type(record) {
    this.add("irq", record, `line ${this.lineName(record.line)}: interrupt on ${record.irq_type}`,
      { lane: `line ${this.lineName(record.line)}`, quiet: true });
  }

  on_irq(record) {
    this.add("irq", record, `interrupt of line ${this.lineName(record.line)}`,
      { lane: `line ${this.lineName(record.line)}`, tick: true });
  }

  on_left_out(record) {
    this.add("step", record, `${record.count} records are left out here`, { bad: true });
  }

  on_timer(record) { this.add("timer", record, record.name || "timer"); }

  on_log(record) {
    this.add("log", record, record.text, { bad: Boolean(record.report) });
  }
}
