// SPDX-License-Identifier: LGPL-2.1-or-later
// list.js - the run, its programs and tests; what is open, shown, searched.
// Whatever comes from a test is put into the page as text, never as markup.

// Outcomes, what one must see first, and their classes in the style.
const KINDS = {
  "failed": "failed", "not run": "notrun", "flaky": "flaky", "known bug": "known",
  "skipped": "skipped", "passed": "passed",
};

function element(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

const byId = (id) => document.getElementById(id);
const kindOf = (outcome) => KINDS[outcome] || "failed";
const isBad = (test) => ["failed", "notrun", "flaky"].includes(kindOf(test.outcome));

// "2 known bugs", "1 line", "3 failed".
function counted(n, word) {
  return `${n} ${word}${n !== 1 && /(bug|line|program|test)$/.test(word) ? "s" : ""}`;
}

function duration(ns) {
  if (ns == null) return "";
  const abs = Math.abs(ns);
  const [scale, unit] = abs >= 1e9 ? [1e9, "s"] : abs >= 1e6 ? [1e6, "ms"]
    : abs >= 1e3 ? [1e3, "\u00b5s"] : [1, "ns"];
  return `${Number((ns / scale).toPrecision(3))} ${unit}`;
}

// Seconds with nine digits behind the point; @ns is below 2^53.
function stamp(ns) {
  const seconds = Math.floor(ns / 1e9);
  return `${seconds}.${String(Math.round(ns - seconds * 1e9)).padStart(9, "0")}`;
}

// The line that says most: of an assertion in C the only one, of Python's
// traceback the last that is not indented.
function headline(test) {
  let found = "";
  for (const line of test.output) {
    if (line.startsWith("kernel log")) break;
    if (/^\S/.test(line) && !/^\w*(Error|Exception|Failure)\b/.test(found))
      found = line;
  }
  return found || (isBad(test) ? test.outcome : "");
}

const report = JSON.parse(byId("data").textContent);
const tests = [];
for (const program of report.programs) {
  for (const test of program.tests) {
    test.program = program;
    test.haystack = [program.path, test.id, test.outcome, test.reason || "",
      ...test.output].join("\n").toLowerCase();
    tests.push(test);
  }
}

// ---- head

function showHead() {
  const { run } = report;
  const programsFailed = report.programs.filter((p) => p.errors.length).length;
  const bad = tests.filter(isBad).length;
  const counts = Object.keys(KINDS).map((word) => [word, run.summary[word]])
    .filter(([, n]) => n);
  const verdict = byId("verdict");
  const words = counts.map(([word, n]) => counted(n, word));
  if (programsFailed) words.push(`${counted(programsFailed, "program")} with errors`);
  if (run.interrupted) words.push("interrupted");
  verdict.textContent = words.join(", ") || "no tests";
  verdict.className = bad || programsFailed || run.interrupted || !tests.length
    ? "bad" : "good";
  const when = new Date(run.began);
  const kernel = run.kernel.release
    ? `Linux ${run.kernel.release}, ${run.kernel.flavour}` : run.kernel.directory;
  byId("meta").textContent = [when.toLocaleString(), kernel,
    duration(run.wall_ms * 1e6), run.seed != null ? `seed ${run.seed}` : null,
    `roadtest ${run.version}`].filter(Boolean).join(" \u00b7 ");
  document.title = `${words.join(", ")} - roadtest`;
  const bar = byId("bar");
  bar.setAttribute("aria-label", words.join(", "));
  for (const [word, n] of counts)
    bar.append(element("i", { class: `is-${kindOf(word)}`, style: `flex: ${n} 0 0` }));
}

const hiddenOutcomes = new Set();

function showFilters() {
  for (const outcome of Object.keys(KINDS)) {
    const n = report.run.summary[outcome];
    if (!n) continue;
    byId("filters").append(element("button", {
      class: `is-${kindOf(outcome)}`, "aria-pressed": "true",
      title: `Show or hide those that are: ${outcome}`,
      onclick(event) {
        const on = hiddenOutcomes.has(outcome);
        if (on) hiddenOutcomes.delete(outcome);
        else hiddenOutcomes.add(outcome);
        event.currentTarget.setAttribute("aria-pressed", String(on));
        applyFilter();
      },
    }, counted(n, outcome)));
  }
}

// ---- tests

function nameOf(test) {
  const dot = test.id.lastIndexOf(".");
  return element("span", { class: "name mono" },
    element("span", { class: "class" }, test.id.slice(0, dot + 1)),
    test.id.slice(dot + 1));
}

function makeTest(test) {
  const kind = kindOf(test.outcome);
  const why = test.reason || (isBad(test) ? headline(test) : "");
  const name = nameOf(test);
  if (why) name.append(element("span", { class: "why" }, why));
  test.button = element("button", {
    class: "row", "aria-expanded": "false", onclick: () => toggleTest(test),
  }, element("span", { class: `outcome is-${kind}` }, test.outcome), name,
  element("span", { class: "num", title: "wall time" },
    test.wall_ms ? duration(test.wall_ms * 1e6) : "<1 ms"),
  element("span", { class: "num", title: "virtual time" },
    test.virtual_ns == null ? "" : duration(test.virtual_ns), element("small", {}, " virt")));
  if (test.virtual_ns == null) test.button.lastChild.textContent = "";
  test.node = element("li", { class: `test ${kind}` }, test.button);
  return test.node;
}

function makeProgram(program) {
  const list = element("ul", { class: "tests" });
  const bad = program.errors.length || program.tests.some(isBad);
  program.count = element("span", { class: "count" });
  program.button = element("button", {
    "aria-expanded": "true",
    onclick: () => openProgram(program, list.hidden),
  }, element("span", { class: "mark" }), element("span", {}, program.path), program.count);
  program.list = list;
  program.node = element("section", { class: "program" },
    element("h2", {}, program.button),
    program.errors.length ? element("pre", { class: "errors" }, program.errors.join("\n")) : null,
    list);
  list.append(...program.tests.map(makeTest));
  // In a large run what passed is one line for each program.
  if (!bad && tests.length > 200) openProgram(program, false);
  return program.node;
}

function openProgram(program, open) {
  program.list.hidden = !open;
  program.button.setAttribute("aria-expanded", String(open));
}

function toggleTest(test, open = !test.detail) {
  if (open === Boolean(test.detail)) return;
  if (open) {
    test.detail = makeDetail(test);
    test.node.append(test.detail);
  } else {
    test.detail.remove();
    test.detail = null;
  }
  test.node.classList.toggle("open", open);
  test.button.setAttribute("aria-expanded", String(open));
  history.replaceState(null, "", open
    ? `#${encodeURIComponent(`${test.program.path}:${test.id}`)}` : "#");
}

function logLines(lines) {
  const pre = element("pre", { class: "text log", tabindex: "0", "aria-label": "Kernel log" });
  for (const line of lines)
    pre.append(element("span", { class: "at" }, `[${stamp(line.time).padStart(14)}] `),
      element("span", { class: line.report ? "report" : "" }, line.text), "\n");
  return pre;
}

function makeDetail(test) {
  const detail = element("div", { class: "detail" });
  const part = (title, note, node) => detail.append(
    element("h3", {}, title, note ? element("small", {}, note) : null), node);

  if (test.reason) part("Reason", "", element("p", { class: "none" }, test.reason));
  if (test.output.length)
    part("Output", "", element("pre", { class: "text output", tabindex: "0",
      "aria-label": "Output" }, test.output.join("\n")));
  test.machines.forEach((machine, i) => {
    const many = test.machines.length > 1 ? `machine ${i + 1} of ${test.machines.length}, ` : "";
    const timeline = new Timeline(machine);
    part("Timeline", `${many}${duration(machine.end - machine.begin)} of virtual time`,
      timeline.node);
    requestAnimationFrame(() => timeline.attached());
  });
  if (test.log.length)
    part("Kernel log", counted(test.log.length, "line"), logLines(test.log));
  else
    detail.append(element("p", { class: "none" }, test.virtual_ns == null
      ? "It had no machine, or left no journal." : "The kernel said nothing."));
  return detail;
}

// ---- what is shown

function isShown(test, words) {
  return !hiddenOutcomes.has(test.outcome) &&
    words.every((word) => test.haystack.includes(word));
}

function applyFilter() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const program of report.programs) {
    let here = 0;
    for (const test of program.tests) {
      const on = isShown(test, words);
      test.node.hidden = !on;
      here += on;
    }
    const unfiltered = !words.length && !hiddenOutcomes.size;
    program.node.hidden = !here && !(program.errors.length && !words.length) &&
      !(unfiltered && !program.tests.length);
    const total = program.tests.length;
    const bad = program.tests.filter(isBad).length;
    const wall = program.tests.reduce((sum, test) => sum + test.wall_ms, 0);
    program.count.replaceChildren(
      bad ? element("span", { class: "is-failed outcome" }, `${bad} bad \u00b7 `) : "",
      `${here === total ? "" : `${here} of `}${counted(total, "test")} \u00b7 ${duration(wall * 1e6)}`);
    if (!unfiltered && here) openProgram(program, true);
    shown += here;
  }
  byId("status").textContent = shown === tests.length ? counted(shown, "test")
    : `${shown} of ${counted(tests.length, "test")} shown`;
}

function applyOrder() {
  const key = { wall: "wall_ms", virtual: "virtual_ns" }[byId("order").value];
  for (const program of report.programs) {
    const sorted = [...program.tests];
    if (key) sorted.sort((a, b) => (b[key] || 0) - (a[key] || 0));
    program.list.append(...sorted.map((test) => test.node));
    program.sorted = sorted;
  }
}

// ---- keys

function visibleTests(wanted = () => true) {
  return report.programs.filter((program) => !program.node.hidden)
    .flatMap((program) => program.sorted)
    .filter((test) => !test.node.hidden && wanted(test));
}

function move(step, wanted) {
  const all = visibleTests();
  const now = all.findIndex((test) => test.node.contains(document.activeElement));
  let i = now < 0 && step < 0 ? all.length : now;
  do i += step; while (all[i] && wanted && !wanted(all[i]));
  const test = all[i];
  if (!test) return;
  openProgram(test.program, true);
  test.button.focus();
  test.button.scrollIntoView({ block: "nearest" });
}

function onKey(event) {
  const field = event.target.matches("input, select, textarea");
  if (event.key === "Escape") {
    const test = tests.find((t) => t.detail && t.node.contains(document.activeElement));
    if (event.target.id === "search") {
      event.target.value = "";
      applyFilter();
    } else if (test && !field) {
      toggleTest(test, false);
      test.button.focus();
    }
    if (field) event.target.blur();
    return;
  }
  if (field || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions = {
    "/": () => byId("search").focus(),
    "j": () => move(1), "k": () => move(-1),
    "n": () => move(1, isBad), "p": () => move(-1, isBad),
    "?": () => byId("help-button").click(),
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

function openFromAddress() {
  let wanted = "";
  try {
    wanted = decodeURIComponent(location.hash.slice(1));
  } catch {
    return;
  }
  const test = tests.find((t) => `${t.program.path}:${t.id}` === wanted);
  if (!test) return;
  openProgram(test.program, true);
  toggleTest(test, true);
  test.button.focus({ preventScroll: true });
  test.node.scrollIntoView({ block: "start" });
}

function start() {
  showHead();
  showFilters();
  byId("list").append(...report.programs.map(makeProgram));
  applyOrder();
  applyFilter();
  byId("search").addEventListener("input", applyFilter);
  byId("order").addEventListener("change", applyOrder);
  byId("help-button").addEventListener("click", (event) => {
    const help = byId("help");
    help.hidden = !help.hidden;
    event.currentTarget.setAttribute("aria-expanded", String(!help.hidden));
  });
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", openFromAddress);
  openFromAddress();
  // One failure is what everybody looks at first.
  const bad = tests.filter(isBad);
  if (bad.length === 1 && !location.hash) {
    toggleTest(bad[0], true);
    history.replaceState(null, "", "#");
  }
}

start();
