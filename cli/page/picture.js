// SPDX-License-Identifier: LGPL-2.1-or-later
// picture.js - a timeline's canvas: lanes, the part of the axis that is seen,
// mouse, touch and keys.

const HEAD = 26, LANE = 24, ROWS = 3;

class Picture {
  constructor(timeline) {
    this.timeline = timeline;
    this.from = 0;              // places on the axis
    this.to = 1;
    this.pointers = new Map();
    this.lanes = Picture.layOut(timeline.events);
    this.canvas = element("canvas", {
      tabindex: "0", role: "img",
      "aria-label": "Timeline; its events are in the table below. Plus and minus zoom, arrows move.",
      onkeydown: (event) => this.onKey(event),
    });
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"])
      this.canvas.addEventListener(name, (event) => this.onPointer(event));
    this.canvas.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
  }

  // Lanes from the top, each with its events; what overlaps gets rows.
  static layOut(events) {
    const lanes = new Map();
    for (const event of events) {
      if (event.kind === "irq" && event.quiet) continue;
      if (!lanes.has(event.lane))
        lanes.set(event.lane, { name: event.lane, events: [], ends: [] });
      const lane = lanes.get(event.lane);
      lane.events.push(event);
      if (!event.lasts) continue;
      let row = lane.ends.findIndex((end) => end <= event.time);
      if (row < 0) row = Math.min(lane.ends.length, ROWS - 1);
      lane.ends[row] = Math.max(event.end, lane.ends[row] || 0);
      event.lane_row = row;
    }
    const order = (lane) => LANE_ORDER.indexOf(lane.name.split(" ")[0]);
    const sorted = [...lanes.values()].sort((a, b) =>
      order(a) - order(b) || a.name.localeCompare(b.name, "en", { numeric: true }));
    for (const lane of sorted) {
      const marks = lane.events.some((event) => !event.lasts) && !lane.name.startsWith("line ");
      lane.rows = Math.max(lane.ends.length, 1);
      lane.marks = marks && lane.ends.length ? 10 : 0;
    }
    return sorted;
  }

  // Without room beside them the lanes' names stand above their content.
  stack() {
    let top = HEAD;
    for (const lane of this.lanes) {
      lane.name_y = top + (this.gutter ? 4 + LANE / 2 : 7);
      lane.line_y = top;
      lane.top = top + (this.gutter ? 0 : 11);
      top = lane.top + lane.rows * LANE + lane.marks + 8;
    }
    this.height = top + 4;
  }

  // ---- which part

  span() {
    const { axis } = this.timeline;
    return { from: axis.time(this.from), to: axis.time(this.to) };
  }

  show(from, to) {
    const { length } = this.timeline.axis;
    const size = Math.min(Math.max(to - from, 20), length * 1.02);
    const low = -length * 0.01;
    this.from = Math.min(Math.max(from, low), low + length * 1.02 - size);
    this.to = this.from + size;
    this.draw();
  }

  showAll() {
    const { length } = this.timeline.axis;
    this.show(-length * 0.01, length * 1.01);
  }

  zoom(factor, at = 0.5) {
    const { chosen, axis } = this.timeline;
    let middle = this.from + (this.to - this.from) * at;
    if (at === 0.5 && chosen) {
      const place = axis.place(chosen.time);
      if (place > this.from && place < this.to) {
        middle = place;
        at = (place - this.from) / (this.to - this.from);
      }
    }
    const size = (this.to - this.from) * factor;
    this.show(middle - size * at, middle + size * (1 - at));
  }

  move(part) {
    const by = (this.to - this.from) * part;
    this.show(this.from + by, this.to + by);
  }

  reveal(event) {
    const place = this.timeline.axis.place(event.time);
    const size = this.to - this.from;
    if (place < this.from || place > this.to) this.show(place - size / 2, place + size / 2);
  }

  // ---- input

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = {
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2),
      "0": () => this.showAll(), "ArrowLeft": () => this.move(-0.15),
      "ArrowRight": () => this.move(0.15), "Home": () => this.move(-1e9), "End": () => this.move(1e9),
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }

  onWheel(event) {
    const part = (event.offsetX - this.gutter) / (this.width - this.gutter);
    if (event.ctrlKey) this.zoom(Math.exp(event.deltaY * 0.01), Math.min(Math.max(part, 0), 1));
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
      this.move((event.deltaX || event.deltaY) / this.width);
    else return;
    event.preventDefault();
  }

  onPointer(event) {
    const before = this.pointers.get(event.pointerId);
    const now = { x: event.offsetX, y: event.offsetY, moved: before ? before.moved : 0 };

    if (event.type === "pointerdown") {
      this.canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, now);
    } else if (!before) {
      this.canvas.title = (this.hit(now.x, now.y) || { text: "" }).text;
    } else if (event.type === "pointermove") {
      now.moved += Math.abs(now.x - before.x);
      this.drag(event.pointerId, before, now);
      this.pointers.set(event.pointerId, now);
    } else {
      this.pointers.delete(event.pointerId);
      this.canvas.classList.remove("drag");
      const found = now.moved < 4 && event.type === "pointerup" && this.hit(now.x, now.y);
      if (found) this.timeline.choose(found);
    }
  }

  drag(id, before, now) {
    const others = [...this.pointers].filter(([other]) => other !== id);
    if (others.length) {
      const { x } = others[0][1];
      const factor = (Math.abs(before.x - x) + 1) / (Math.abs(now.x - x) + 1);
      this.zoom(factor, (x - this.gutter) / (this.width - this.gutter));
    } else if (now.moved >= 4) {
      this.canvas.classList.add("drag");
      this.move((before.x - now.x) / (this.width - this.gutter));
    }
  }

  // What is drawn at a point; the last drawn lies on top.
  hit(x, y) {
    const near = this.shapes.filter((s) => x >= s.x - 4 && x <= s.x + s.width + 4 &&
      y >= s.y - 2 && y <= s.y + s.height + 2);
    const distance = (s) => Math.max(s.x - x, x - s.x - s.width, 0) + s.width / 1e6;
    return near.length ? near.reduce((a, b) => (distance(b) <= distance(a) ? b : a)).event : null;
  }

  // ---- drawing

  draw() {
    const { canvas } = this;
    const width = canvas.clientWidth;
    if (!width) return;
    const scale = devicePixelRatio || 1;
    this.width = width;
    this.gutter = width < 640 ? 0 : 150;
    this.stack();
    canvas.style.height = `${this.height}px`;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(this.height * scale);
    const style = getComputedStyle(canvas);
    this.colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const c = this.c = canvas.getContext("2d");
    c.scale(scale, scale);
    c.font = "12px sans-serif";
    c.textBaseline = "middle";
    this.shapes = [];
    this.drawAxis();
    c.save();
    c.beginPath();
    c.rect(this.gutter, 0, width, this.height);
    c.clip();
    for (const lane of this.lanes) this.drawLane(lane);
    this.drawChosen();
    c.restore();
    for (const lane of this.lanes) this.drawName(lane);
    cancelAnimationFrame(this.later);
    this.later = requestAnimationFrame(() => this.timeline.updateTable());
  }

  x(time) {
    const part = (this.timeline.axis.place(time) - this.from) / (this.to - this.from);
    return this.gutter + part * (this.width - this.gutter);
  }

  drawAxis() {
    const { c, timeline: { axis } } = this;
    const step = 130, count = Math.floor((this.width - this.gutter) / step);
    c.fillStyle = c.strokeStyle = this.colour("line");
    for (const [from, to] of axis.breaks) {
      const x = this.x(from), width = this.x(to) - x;
      if (x > this.width || x + width < this.gutter) continue;
      c.globalAlpha = 0.45;
      for (let at = x; at < x + width; at += 6)
        if (at > this.gutter) c.fillRect(at, HEAD, 2, this.height - HEAD);
      c.globalAlpha = 1;
    }
    c.font = "11px sans-serif";
    for (let i = 0; i <= count; i++) {
      const x = this.gutter + i * step;
      const place = this.from + (this.to - this.from) * (i * step) / (this.width - this.gutter);
      const time = axis.time(place);
      const grain = Math.abs(axis.time(place + (this.to - this.from) / 50) - time) || 1;
      const digits = Math.min(Math.max(Math.ceil(-Math.log10(grain / 1e9)), 0), 9);
      c.fillStyle = this.colour("line");
      c.fillRect(x, HEAD - 6, 1, this.height);
      c.fillStyle = this.colour("dim");
      c.fillText(`${(time / 1e9).toFixed(digits)} s`, x + 4, 10);
    }
    for (const [from, to] of axis.breaks) {
      const x = this.x(from), width = this.x(to) - x;
      const text = duration(to - from);
      if (width > c.measureText(text).width + 4 && x >= this.gutter)
        c.fillText(text, x + 2, HEAD - 4);
    }
    c.font = "12px sans-serif";
  }

  drawName(lane) {
    const { c } = this;
    const name = EVENT_KINDS[lane.name] || lane.name.replace(/^(bus) /, "");
    c.fillStyle = this.colour("line");
    c.fillRect(0, lane.line_y, this.width, 1);
    c.fillStyle = this.gutter ? this.colour("fg") : this.colour("dim");
    if (this.gutter) {
      c.fillText(name, 8, lane.name_y, this.gutter - 14);
    } else {
      c.font = "10px sans-serif";
      c.fillText(name, 3, lane.name_y);
      c.font = "12px sans-serif";
    }
  }

  drawLane(lane) {
    if (lane.name.startsWith("line ")) this.drawWire(lane);
    let last = -Infinity;
    const ends = [];            // of what was drawn in each row
    for (const event of lane.events) {
      if (event.shown === false) continue;
      const x = this.x(event.time), end = this.x(event.end);
      if (end < this.gutter - 20 || x > this.width + 20) continue;
      // Of thousands at one pixel one is enough.
      if (event.lasts && !event.bad && end < ends[event.lane_row] + 0.5) continue;
      this.c.globalAlpha = event.found === false ? 0.2 : 1;
      if (event.lasts) {
        ends[event.lane_row] = end;
        this.drawSpan(lane, event, Math.max(x, this.gutter - 10), end);
      } else if (event.kind !== "line") {
        if (x - last >= 1 || event.bad || event.tick) this.drawMark(lane, event, x);
        last = x;
      }
      this.c.globalAlpha = 1;
    }
  }

  colourOf(event) {
    return this.colour(event.bad ? "failed" : event.kind === "line" ? "wire" : event.kind);
  }

  drawSpan(lane, event, x, end) {
    const { c } = this;
    const y = lane.top + 4 + event.lane_row * LANE;
    const width = Math.max(Math.min(end, this.width + 10) - x, 2);
    const colour = this.colourOf(event);
    this.shapes.push({ event, x, y, width, height: LANE - 2 });
    c.fillStyle = colour;
    const alpha = c.globalAlpha;
    c.globalAlpha = alpha * 0.2;
    c.fillRect(x, y, width, LANE - 2);
    c.globalAlpha = alpha;
    c.fillRect(x, y, Math.min(width, 2), LANE - 2);
    c.fillRect(x, y + LANE - 3, width, 1);
    if (width < 24) return;
    c.save();
    c.beginPath();
    c.rect(x, y, width - 3, LANE);
    c.clip();
    c.fillStyle = event.bad ? colour : this.colour("fg");
    c.fillText(event.label || event.text, x + 6, y + (LANE - 2) / 2);
    c.restore();
  }

  drawMark(lane, event, x) {
    const { c } = this;
    const under = lane.marks ? lane.rows * LANE + 2 : 4;
    const y = lane.top + under, height = lane.marks || LANE - 4;
    this.shapes.push({ event, x: x - 2, y, width: 4, height });
    c.fillStyle = this.colourOf(event);
    c.fillRect(x - 1, y, 2, height);
    if (!event.tick && event.kind !== "timer" && !event.bad) return;
    c.beginPath();
    c.moveTo(x, y - 1);
    c.lineTo(x + 5, y + 7);
    c.lineTo(x - 5, y + 7);
    c.fill();
  }

  // The level of a line, unknown until it changes for the first time.
  drawWire(lane) {
    const { c } = this;
    const y = (level) => lane.top + (level ? 7 : LANE - 1);
    let level = null, x = this.gutter;
    c.strokeStyle = this.colour("wire");
    c.lineWidth = 1.5;
    c.beginPath();
    for (const event of lane.events) {
      if (event.level == null) continue;
      const at = this.x(event.time);
      if (level != null) {
        c.moveTo(Math.max(x, this.gutter), y(level));
        c.lineTo(Math.min(at, this.width), y(level));
        c.lineTo(Math.min(at, this.width), y(event.level));
      }
      this.shapes.push({ event, x: at - 1, y: lane.top + 4, width: 2, height: LANE });
      [level, x] = [event.level, at];
    }
    if (level != null) {
      c.moveTo(Math.max(x, this.gutter), y(level));
      c.lineTo(this.x(this.timeline.machine.end), y(level));
    }
    c.stroke();
  }

  drawChosen() {
    const { chosen } = this.timeline;
    if (!chosen) return;
    this.c.fillStyle = this.colour("focus");
    this.c.fillRect(Math.round(this.x(chosen.time)) - 0.5, HEAD - 6, 1.5, this.height);
  }
}
