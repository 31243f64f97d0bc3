// SPDX-License-Identifier: LGPL-2.1-or-later
// timeline.js - what happened in one machine during one test, as a picture that
// can be zoomed and as a table, which is also the picture's text.

const MAX_ROWS = 1000;          // of the table, until more are asked for
const LANE_ORDER = ["step", "call", "bus", "line", "timer", "log"];

class Timeline {
  constructor(machine) {
    this.machine = machine;
    this.events = new EventMaker(machine).events;
    this.hidden = new Set();
    this.rows = MAX_ROWS;
    this.chosen = null;
    this.begin = Math.min(machine.begin, ...this.events.slice(0, 1).map((e) => e.time));
    this.picture = new Picture(this);
    this.build();
    this.setAxis(true);
    Timeline.last = this;       // for whoever looks closer, from the console
  }

  build() {
    const button = (text, title, onclick, more) =>
      element("button", { title, "aria-label": title, onclick, ...more }, text);
    const picture = this.picture;

    this.search = element("input", {
      type: "search", placeholder: "Search events", "aria-label": "Search events",
      autocomplete: "off", spellcheck: "false", oninput: () => this.update(),
      onkeydown: (event) => { if (event.key === "Enter") this.chooseNext(event.shiftKey ? -1 : 1); },
    });
    this.skip = button("Skip idle", "Give little room to times in which nothing happens",
      () => this.setAxis(this.skip.getAttribute("aria-pressed") !== "true"),
      { "aria-pressed": "true" });
    this.window = element("span", { class: "window" });
    this.body = element("tbody", {});
    this.more = element("button", { onclick: () => { this.rows *= 4; this.updateTable(); } });
    this.table = element("div", { class: "events", tabindex: "0", role: "region", "aria-label": "Events" },
      element("table", {}, element("thead", {}, element("tr", {},
        element("th", { class: "t" }, "time, s"), element("th", { class: "t d" }, "since"),
        element("th", {}, "what"), element("th", {}, ""))), this.body),
      element("div", { class: "more" }, this.more));
    this.node = element("div", { class: "timeline" },
      element("div", { class: "controls" },
        button("+", "Zoom in (+)", () => picture.zoom(0.5)),
        button("\u2212", "Zoom out (-)", () => picture.zoom(2)),
        button("All", "Show all (0)", () => picture.showAll()),
        this.skip, this.search, this.kindButtons(), this.window),
      picture.canvas, this.table);
    this.body.addEventListener("focusin", (event) => {
      if (this.stop) this.stop.tabIndex = -1;
      this.stop = event.target.closest("tr");
      this.stop.tabIndex = 0;
    });
    this.body.addEventListener("click", (event) => this.onRow(event));
    this.body.addEventListener("keydown", (event) => this.onRowKey(event));
  }

  kindButtons() {
    const group = element("span", { class: "kinds", role: "group", "aria-label": "Kinds of events" });
    for (const kind of Object.keys(EVENT_KINDS)) {
      const n = this.events.filter((event) => event.kind === kind).length;
      if (!n) continue;
      group.append(element("button", {
        class: `k-${kind}`, "aria-pressed": "true", title: `Show or hide: ${EVENT_KINDS[kind]}`,
        onclick: (event) => {
          const on = this.hidden.delete(kind);
          if (!on) this.hidden.add(kind);
          event.currentTarget.setAttribute("aria-pressed", String(on));
          this.update();
        },
      }, `${EVENT_KINDS[kind]} ${n}`));
    }
    return group;
  }

  setAxis(skip) {
    this.skip.setAttribute("aria-pressed", String(skip));
    this.axis = new Axis(this.events, this.begin, this.machine.end, skip);
    this.picture.showAll();
  }

  // It is in the page and has a size.
  attached() {
    new ResizeObserver(() => this.picture.draw()).observe(this.picture.canvas);
    const failed = this.events.filter((event) => event.bad && event.kind === "step");
    this.update();
    if (failed.length) this.choose(failed[0]);
  }

  words() { return this.search.value.toLowerCase().split(/\s+/).filter(Boolean); }

  update() {
    const words = this.words();
    for (const event of this.events) {
      const text = event.text.toLowerCase();
      event.shown = !this.hidden.has(event.kind);
      event.found = words.every((word) => text.includes(word));
    }
    this.rows = MAX_ROWS;
    this.picture.draw();
  }

  // The picture was drawn, with another part of the time perhaps.
  updateTable() {
    const { from, to } = this.picture.span();
    const seen = this.events.filter((event) => event.shown && event.found &&
      event.end >= from && event.time <= to);
    const rows = seen.slice(0, this.rows);
    let before = null;

    const fragment = document.createDocumentFragment();
    for (const event of rows) {
      fragment.append(this.makeRow(event, before));
      before = event.time;
    }
    this.body.replaceChildren(fragment);
    // Tab comes to one row; the arrows go on from there.
    this.stop = this.body.contains(this.chosen && this.chosen.row) ? this.chosen.row
      : this.body.firstChild;
    if (this.stop) this.stop.tabIndex = 0;
    this.more.parentNode.hidden = rows.length === seen.length;
    this.more.textContent = `${seen.length - rows.length} more`;
    this.window.textContent = `${seen.length} of ${this.events.length} events, ${duration(to - from)}`;
    this.showRow();
  }

  makeRow(event, before) {
    const lasts = event.lasts && event.end > event.time
      ? `  (${event.open ? "does not return" : duration(event.end - event.time)})` : "";
    const row = element("tr", {
      tabindex: "-1", class: [event.bad ? "bad" : "", event === this.chosen ? "chosen" : ""].join(" "),
    }, element("td", { class: "t" }, stamp(event.time)),
    element("td", { class: "t d" }, before == null ? "" : `+${duration(event.time - before)}`),
    element("td", { class: `k k-${event.kind}` }, event.kind),
    element("td", { class: "x" }, ...this.marked(event.text + lasts)));
    row.event = event;
    event.row = row;
    return row;
  }

  marked(text) {
    const words = this.words();
    if (!words.length) return [text];
    const parts = [];
    const low = text.toLowerCase();
    let at = 0;
    while (at < text.length) {
      let next = -1, word = "";
      for (const candidate of words) {
        const i = low.indexOf(candidate, at);
        if (i >= 0 && (next < 0 || i < next)) [next, word] = [i, candidate];
      }
      if (next < 0) break;
      parts.push(text.slice(at, next), element("mark", {}, text.slice(next, next + word.length)));
      at = next + word.length;
    }
    parts.push(text.slice(at));
    return parts;
  }

  choose(event, focus) {
    if (this.chosen && this.chosen.row) this.chosen.row.classList.remove("chosen");
    this.chosen = event;
    this.toShow = event;
    this.toFocus = focus;
    if (event) this.picture.reveal(event);
    this.picture.draw();        // and then the table
  }

  // Bring the chosen event's row into sight, once after it was chosen.
  showRow() {
    const row = this.toShow && this.toShow.row;
    if (!row || !row.isConnected) return;
    this.toShow = null;
    const head = this.table.querySelector("thead").offsetHeight;
    const top = row.offsetTop - head;
    if (top < this.table.scrollTop ||
        top > this.table.scrollTop + this.table.clientHeight - 2 * head)
      this.table.scrollTop = top - this.table.clientHeight / 2;
    if (this.toFocus) row.focus({ preventScroll: true });
  }

  chooseNext(step) {
    const found = this.events.filter((event) => event.shown && event.found);
    const i = found.indexOf(this.chosen);
    if (found.length) this.choose(found[(i + step + found.length) % found.length]);
  }

  onRow(event) {
    const row = event.target.closest("tr");
    if (row && !String(getSelection())) this.choose(row.event);
  }

  onRowKey(event) {
    const row = event.target.closest("tr");
    const to = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (event.key === "Enter" || event.key === " ") this.choose(row.event, true);
    else if (to && row[to]) row[to].focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
