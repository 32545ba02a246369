// SPDX-License-Identifier: BSD-2-Clause
//
// weft.js - the dashboard: asks the agent at intervals and shows the answers. Texts of the agent are
// only ever set as text, never as markup.
"use strict";

const STATS_MS = 1000, SLOW_MS = 2000, POINTS = 180, GROW_MS = 10000, PREVIEW_CHARS = 200000;
const $ = (id) => document.getElementById(id);

// ---- texts ----

const UNITS = ["", "K", "M", "G", "T", "P"];

// short(12345) = "12.3 K"
function short(value, unit = "") {
  let power = 0;
  while (Math.abs(value) >= 999.5 && power < UNITS.length - 1) { value /= 1000; power++; }
  const digits = power && Math.abs(value) < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[power]}${unit}`.trim();
}
const bytes = (value) => short(value, "B");
// Returns a rate as text; null: not known.
const perSecond = (value, unit = "") => value === null ? "–" : `${value > 0 && value < 9.95 ? value.toFixed(1) + " " + unit : short(value, unit)}/s`.replace(" /s", "/s");

const percent = (part, whole) => `${(100 * part / (whole || 1)).toFixed(1)} %`;

function duration(ms) {
  const sec = Math.floor(ms / 1000);
  if (sec < 60) return `${sec} s`;
  if (sec < 3600) return `${Math.floor(sec / 60)} min ${sec % 60} s`;
  if (sec < 86400) return `${Math.floor(sec / 3600)} h ${Math.floor(sec / 60) % 60} min`;
  return `${Math.floor(sec / 86400)} d ${Math.floor(sec / 3600) % 24} h`;
}
const endpoint = (ip, port) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);

// ---- elements ----

function make(name, text, className) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function set(id, text) {
  const element = $(id), value = text || "\u00a0";
  if (element.textContent !== value) element.textContent = value;
}

// Gives @parent exactly @count children, made by @create when needed.
function children(parent, count, create) {
  while (parent.children.length < count) parent.append(create());
  while (parent.children.length > count) parent.lastChild.remove();
  return [...parent.children];
}

// Fills the rows of a table body. @rows: lists of {text, number, className, element, title}.
function fillRows(body, rows, emptyText, columns) {
  if (!rows.length) rows = [[{text: emptyText, span: columns}]];
  children(body, rows.length, () => make("tr")).forEach((tr, i) => {
    tr.className = rows[i].className || "";
    children(tr, rows[i].length, () => make("td")).forEach((td, j) => {
      const cell = rows[i][j];
      td.colSpan = cell.span || 1;
      td.title = cell.title || "";
      td.className = `${cell.number ? "n" : ""} ${cell.className || ""}`.trim();
      if (cell.element) { if (td.firstChild !== cell.element) td.replaceChildren(cell.element); }
      else if (td.textContent !== cell.text || td.firstElementChild) td.textContent = cell.text;
    });
  });
}
const n = (text, className, title) => ({text, number: true, className, title});
const t = (text, className, title) => ({text, className, title});

function meter(value, max, label, isHighBad) {
  const element = make("meter");
  element.min = 0; element.max = max || 1; element.value = value;
  if (isHighBad) { element.high = 0.9 * element.max; element.optimum = 0; element.low = 0.7 * element.max; }
  element.setAttribute("aria-label", label);
  element.title = label;
  return element;
}

// ---- asking ----

const state = {stats: null, points: [], paused: false, sub: new Map(), grew: new Map(), loss: null, flow: null, health: null};

const TOKEN = "weft-token";
const token = () => sessionStorage.getItem(TOKEN) || "";

async function ask(path, options = {}) {
  const headers = {...options.headers, ...(token() ? {Authorization: `Bearer ${token()}`} : {})};
  const response = await fetch(path, {cache: "no-store", signal: AbortSignal.timeout(5000), ...options, headers});
  const answer = await response.json();
  // Only a request that reads shows the login here: change() asks for the token of a change.
  if (!options.method) {
    $("login").hidden = response.status !== 401;
    if (response.status === 401) showPill("token needed", "degraded");
  }
  if (!response.ok && !answer.status) {
    const error = new Error(answer.error || `status ${response.status}`);
    error.status = response.status;
    throw error;
  }
  return answer;
}

const TOKEN_HINT = $("token-why").textContent;

// Asks for the token. Returns false if the dialog was cancelled.
function askToken(why) {
  const dialog = $("token-dialog");
  set("token-why", why);
  $("token").value = token();
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    if (dialog.returnValue === "use") sessionStorage.setItem(TOKEN, $("token").value.trim());
    resolve(dialog.returnValue === "use");
  }, {once: true}));
}

// Sends a request that changes something. If the token is missing or wrong, asks for it.
async function change(method, path, body, headers = {}) {
  const options = {method, headers: {...headers, ...(body === undefined ? {} : {"Content-Type": "application/json"})}};
  if (body !== undefined) options.body = JSON.stringify(body);
  for (let why = TOKEN_HINT; ;) {
    if (!token() && !await askToken(why)) throw new Error("nothing was changed, because the token is missing");
    try {
      return await ask(path, options);
    } catch (error) {
      if (error.status !== 401) throw error;
      sessionStorage.removeItem(TOKEN);
      why = `The agent did not accept this token. ${TOKEN_HINT}`;
    }
  }
}

// Calls @work again and again while the page is visible, with a pause of @ms after each call. The
// duration of the latest call, with its request, is a performance measure with the name of @work.
function repeat(ms, work) {
  const run = async () => {
    if (!document.hidden) {
      const start = performance.now();
      try { await work(); } catch (error) { unreachable(error); }
      performance.clearMeasures(work.name);
      performance.measure(work.name, {start});
    }
    setTimeout(run, ms);
  };
  run();
}

// ---- statistics ----

const isLost = (stats, name) => Boolean(stats.metrics[name] && stats.metrics[name].loss);
const value = (stats, name) => (stats.metrics[name] ? stats.metrics[name].value : 0);

// Frames that were wanted and did not reach their connection.
const lost = (stats) => Object.values(stats.metrics).reduce((sum, metric) => sum + (metric.loss ? metric.value : 0), 0);

// Returns the rate of a number between two reports.
function rateOf(before, now, read) {
  const ms = now.elapsed_ms - before.elapsed_ms;
  return ms > 0 ? Math.max(0, (read(now) - read(before)) * 1000 / ms) : 0;
}

// Frames that arrived, as the first line of "weft stats" counts them. In replay no kernel program counts.
const seen = (stats) => value(stats, "kernel_seen_frames") || value(stats, "frames");

// Returns true if the worker has not run for so long that the agent is unhealthy.
const isStalled = (worker) => worker.last_seen_ms >= 2000;
const hasStopped = (stats) => stats.workers.length > 0 && stats.workers.every(isStalled);

function showTotals(stats) {
  const gaps = value(stats, "gaps");
  set("source", stats.source);
  set("age", `weft ${stats.version}, running for ${duration(stats.elapsed_ms)}`);
  document.title = `weft ${stats.source}`;
  set("k-delivered-sum", `${bytes(value(stats, "payload_delivered_bytes"))} in all`);
  set("k-frames-sum", `${short(value(stats, "frames"))} in all`);
  set("k-flows", short(value(stats, "flows_active_flows")));
  set("k-loss-sum", `${short(lost(stats))} in all${lost(stats) ? `, ${percent(lost(stats), seen(stats))}` : ""}`);
  set("k-gaps-sum", `${bytes(value(stats, "gaps_bytes"))} in ${short(gaps)} gap${gaps === 1 ? "" : "s"}`);
  set("k-memory", memoryPercent(stats));
  set("k-memory-sum", `of ${bytes(value(stats, "memory_limit_bytes"))}, pressure ${stats.pressure.level}`);
}

// Shows the rates; those that are null are not known.
function showRates(stats, rates) {
  set("k-delivered", perSecond(rates.delivered, "B"));
  set("k-frames", perSecond(rates.frames));
  set("k-flows-new", `${perSecond(rates.opened)} new, ${short(value(stats, "flows_opened_flows"))} in all`);
  set("k-loss", perSecond(rates.lost));
  set("k-loss-share", rates.lost ? percent(rates.lost, rates.seen) : "");
  $("tile-loss").className = `tile${rates.lost ? " bad" : ""}`;
  set("k-gaps", perSecond(rates.gaps, "B"));
  $("tile-gaps").className = `tile${rates.gaps ? " bad" : ""}`;
}

const UNKNOWN = {delivered: null, frames: null, opened: null, lost: null, seen: null, gaps: null};

// All numbers of one refresh are of one report, so that they agree.
async function showStats() {
  const now = await ask("/api/v1/stats"), before = state.stats;
  state.stats = now;
  showTotals(now);
  showInterfaces(now);
  showMemory(now);
  if (!before || now.elapsed_ms < before.elapsed_ms) {
    state.points = [];
    state.grew.clear();
    showLedgers(now, now);
    showWorkers(now, now);
    return;
  }
  const rate = (name) => rateOf(before, now, (stats) => value(stats, name));
  const point = {
    up: rate("stream_toserver_bytes"), down: rate("stream_toclient_bytes"), flows: value(now, "flows_active_flows"),
    opened: rate("flows_opened_flows"),
  };
  state.points.push(point);
  if (state.points.length > POINTS) state.points.shift();
  // The kernel counts lost frames even if no worker runs.
  state.loss = {lost: rateOf(before, now, lost), seen: rateOf(before, now, seen)};
  showRates(now, {...(hasStopped(now) ? UNKNOWN : {delivered: point.up + point.down, frames: rate("frames"), opened: point.opened, gaps: rate("gaps_bytes")}), ...state.loss});
  // The headline has the same number as the tile.
  showHeadline();
  drawChart("chart-throughput", [["a", "up"], ["b", "down"]], 1000, (v) => perSecond(v, "B"), "Delivered bytes per second");
  drawChart("chart-conns", [["a", "flows"], ["c", "opened"]], 10, (v) => short(v), "Connections");
  showLedgers(before, now);
  showWorkers(before, now);
}

function showInterfaces(stats) {
  children($("interfaces"), stats.interfaces.length, () => make("li")).forEach((li, i) => {
    const item = stats.interfaces[i];
    li.textContent = `${item.name}: ${item.state.replaceAll("_", " ")}`;
    li.className = item.state === "up" ? "" : "bad";
  });
}

// ---- charts ----

const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, v] of Object.entries(attributes)) element.setAttribute(key, v);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Returns the smallest of 1, 2, 5, 10, ... that is at least @max.
function ceiling(max) {
  const power = 10 ** Math.floor(Math.log10(max || 1));
  return [1, 2, 5, 10].map((f) => f * power).find((v) => v >= max) || 10 * power;
}

function drawChart(id, series, least, format, label) {
  const box = $(id), width = box.clientWidth || 600, height = 190, left = 62, bottom = 20, points = state.points;
  const max = ceiling(Math.max(least, ...points.flatMap((point) => series.map(([, key]) => point[key]))));
  const x = (i) => left + (width - left - 6) * (i + POINTS - points.length) / (POINTS - 1);
  const y = (v) => 8 + (height - bottom - 8) * (1 - v / max);
  const root = svg("svg", {viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none"});
  for (const part of [0, 0.5, 1]) {
    root.append(svg("line", {class: "grid", x1: left, x2: width - 6, y1: y(part * max), y2: y(part * max)}),
      svg("text", {x: left - 6, y: y(part * max) + 4, "text-anchor": "end"}, format(part * max)));
  }
  for (const [part, text] of [[0, "−3 min"], [1 / 3, "−2 min"], [2 / 3, "−1 min"], [1, "now"]]) {
    const anchor = part === 0 ? "start" : part === 1 ? "end" : "middle";
    root.append(svg("text", {x: left + (width - left - 6) * part, y: height - 4, "text-anchor": anchor}, text));
  }
  for (const [color, key] of series) {
    root.append(svg("path", {class: `line ${color}`,
      d: points.map((point, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(point[key]).toFixed(1)}`).join("")}));
  }
  box.replaceChildren(root);
  const last = points[points.length - 1];
  box.setAttribute("aria-label", `${label}: now ${series.map(([, key]) => `${key} ${format(last[key])}`).join(", ")}`);
}

// ---- ledgers ----

const TITLES = {
  kernel_frames: "Frames in the kernel", steered_frames: "Steered to a socket", copied_frames: "Copied to a ring", user_frames: "Frames in user space",
  fragments: "IP fragments", rebuilt_datagrams: "Rebuilt datagrams", payload_bytes: "TCP payload",
};
// Ledgers shown even if they are empty, so that they do not appear later and move the page.
const ALWAYS = ["kernel_frames", "user_frames", "payload_bytes", "gaps"];
const PREFIX = /^(kernel|xsk|ring|frames|fragments|datagrams|rebuilt|payload|gaps)_/, SUFFIX = /_(frames|bytes|fragments|datagrams|segments)$/;
// Names of losses that the agent does not mark: it marks only losses of wanted frames.
const LOSSES = /^(shed|no_memory|evicted|incomplete|cut|lost|late)$/;
const GOOD = /^(steered|copied|received|processed|delivered|rebuilt)$/;

// Parts whose names need a word of explanation.
const PARTS = {passed: "passed (not TCP)", held: "held (waits for others)", shunted: "bypassed", shed: "shed (overload)", unsteered: "not steered",
  stale: "stale (agent late)"};

const partName = (name) => name.replace(PREFIX, "").replace(SUFFIX, "");
const partLabel = (name) => PARTS[partName(name)] || partName(name).replaceAll("_", " ");

// Records that the loss @name grows if @rate is above 0. Returns true if it grew within GROW_MS.
function grows(name, rate) {
  if (rate > 0) state.grew.set(name, Date.now());
  return Date.now() - (state.grew.get(name) || 0) < GROW_MS;
}

// The missing bytes are shown like a ledger: their total, and one part for each cause.
function gapLedger(stats) {
  const names = Object.keys(stats.metrics).filter((name) => /^gaps_\w+_bytes$/.test(name) && value(stats, name) > 0);
  return {name: "gaps", total: {name: "gaps_bytes", value: value(stats, "gaps_bytes")}, parts: names.map((name) => ({name, value: value(stats, name)}))};
}

function describe(ledger, before, now) {
  let color = 1;
  return ledger.parts.filter((part) => part.value > 0).sort((a, b) => b.value - a.value).map((part) => {
    const name = partName(part.name), isLoss = ledger.name === "gaps" || isLost(now, part.name) || LOSSES.test(name);
    const rate = rateOf(before, now, (stats) => value(stats, part.name)), isGrowing = isLoss && grows(part.name, rate);
    const help = now.metrics[part.name] ? now.metrics[part.name].help : "";
    return {name: partLabel(part.name), help, value: part.value, rate, isLoss, isGrowing,
      color: isGrowing ? "cbad" : isLoss ? "closs" : GOOD.test(name) ? "c0" : `c${1 + (color++ % 6)}`};
  });
}

function ledgerElement() {
  const element = make("article", undefined, "ledger"), head = make("h3"), bar = make("div", undefined, "stack");
  bar.setAttribute("role", "img");
  head.append(make("span"), make("span"));
  element.append(head, bar, make("ul", undefined, "parts"));
  return element;
}

function partElement() {
  const li = make("li");
  li.append(make("i"), make("span", "", "name"), make("span"), make("span"), make("span", "", "rate"));
  return li;
}

function fillParts(list, parts, total, format) {
  children(list, parts.length, partElement).forEach((li, i) => {
    const part = parts[i], [chip, name, amount, share, rate] = li.children;
    li.title = part.help;
    chip.className = part.color;
    name.textContent = part.name;
    name.className = `name${part.isGrowing ? " grows" : part.isLoss ? " was" : ""}`;
    amount.textContent = format(part.value);
    share.textContent = percent(part.value, total);
    rate.textContent = part.rate > 0 ? `+${perSecond(part.rate, format === bytes ? "B" : "")}` : "";
    rate.className = `rate${part.isGrowing ? " grows" : ""}`;
  });
}

function fillStack(bar, parts, total) {
  children(bar, parts.length, () => make("i")).forEach((i, index) => {
    const part = parts[index];
    i.className = part.color;
    i.title = `${part.name}: ${part.help}`;
    // A part that is not zero stays visible.
    i.style.width = `max(${part.value ? 3 : 0}px, ${(100 * part.value / (total || 1)).toFixed(2)}%)`;
  });
}

function showLedgers(before, now) {
  const ledgers = [...now.ledgers, gapLedger(now)].filter((ledger) => ledger.total.value > 0 || ALWAYS.includes(ledger.name));
  children($("ledgers"), ledgers.length, ledgerElement).forEach((element, i) => {
    const ledger = ledgers[i], format = /bytes$/.test(ledger.total.name) ? bytes : short, parts = describe(ledger, before, now);
    const [head, bar, list] = element.children;
    head.children[0].textContent = TITLES[ledger.name] || (ledger.name === "gaps" ? "Missing bytes, by cause" : ledger.name.replaceAll("_", " "));
    head.children[1].textContent = format(ledger.total.value);
    bar.setAttribute("aria-label", parts.map((part) => `${part.name} ${format(part.value)}`).join(", ") || "nothing yet");
    fillStack(bar, parts, ledger.total.value);
    fillParts(list, parts, ledger.total.value, format);
  });
}

// ---- connections ----

function flowKey(flow) {
  return [flow.src_ip, flow.src_port, flow.dest_ip, flow.dest_port, flow.interface, (flow.vlan || []).join("."), flow.vni || ""].join("|");
}

const VERDICTS = {steer: "captured", shunt: "bypassed", pass: "passed"};
const verdictText = (verdict) => VERDICTS[verdict] || verdict;

function flowRow(flow) {
  const button = make("button", endpoint(flow.src_ip, flow.src_port));
  button.type = "button";
  const gaps = (flow.toserver.gap_bytes || 0) + (flow.toclient.gap_bytes || 0);
  const verdicts = [...new Set([flow.toserver.verdict, flow.toclient.verdict].map(verdictText))].join(" / ");
  const client = endpoint(flow.src_ip, flow.src_port), server = endpoint(flow.dest_ip, flow.dest_port);
  const row = [{element: button, title: client}, t(server, "", server), n(gaps ? bytes(gaps) : "", gaps ? "grows" : ""), t(flow.state),
    n(bytes(flow.toserver.bytes)), n(bytes(flow.toclient.bytes)), t(verdicts), n(duration(Date.parse(flow.last.replace("+0000", "Z")) - Date.parse(flow.start.replace("+0000", "Z"))))];
  row.className = "row";
  row.flow = flow;
  return row;
}

async function showFlows() {
  if (state.paused) return;
  const query = new URLSearchParams({sort: $("sort").value, limit: $("limit").value});
  const filter = $("filter").value.trim();
  if (filter) query.set("filter", filter);
  let answer;
  try {
    answer = await ask(`/api/v1/flows?${query}`);
    set("flow-error", "");
  } catch (error) {
    set("flow-error", error.message);
    return;
  }
  const body = $("flows"), focused = document.activeElement.closest && document.activeElement.closest("#flows tr");
  const focusedKey = focused && focused.dataset.key;
  const rows = answer.flows.map(flowRow);
  fillRows(body, rows, "no connections", 8);
  [...body.children].forEach((tr, i) => {
    tr.flow = rows[i] && rows[i].flow;
    tr.dataset.key = tr.flow ? flowKey(tr.flow) : "";
    if (focusedKey && tr.dataset.key === focusedKey) tr.querySelector("button").focus({preventScroll: true});
  });
  set("flow-count", `${answer.flows.length} of ${answer.total.toLocaleString("en")} connections`);
  const open = state.flow && answer.flows.find((flow) => flowKey(flow) === flowKey(state.flow));
  if (open && $("detail").open) showDetail(open);
}

// ---- one connection ----

const COUNTS = [["packets", "Packets", short], ["bytes", "IP bytes", bytes], ["stream_bytes", "Stream bytes", bytes, "bytes of the TCP stream, without headers"],
  ["gap_bytes", "Missing bytes", bytes, "bytes that were not captured, and were reported as gaps"],
  ["held_bytes", "Held bytes", bytes, "bytes that wait for earlier bytes or for an acknowledgement"],
  ["kept_bytes", "Bypassed bytes", bytes, "IP bytes that the kernel only counted"], ["verdict", "Verdict", verdictText, $("verdict").title]];

function showDetail(flow) {
  state.flow = flow;
  set("d-title", `${endpoint(flow.src_ip, flow.src_port)} → ${endpoint(flow.dest_ip, flow.dest_port)}`);
  fillRows($("d-sides"), COUNTS.map(([key, name, format, help]) => [t(name, "", help), ...["toserver", "toclient"].map((side) =>
    n(flow[side][key] === undefined ? "–" : format(flow[side][key])))]), "", 3);
  set("d-facts", [flow.state, `interface ${flow.interface}`, `worker ${flow.worker}`, flow.vlan && `VLAN ${flow.vlan.join(".")}`, flow.vni && `VNI ${flow.vni}`,
    flow.midstream && "joined midstream", flow.community_id, `since ${flow.start.slice(0, 19).replace("T", " ")} UTC`].filter(Boolean).join(", "));
}

function openDetail(flow) {
  stopWatching();
  set("d-message", "");
  showDetail(flow);
  $("detail").showModal();
}

async function setVerdict(verdict) {
  const flow = state.flow;
  try {
    const answer = await change("POST", "/api/v1/flows/verdict",
      {src: flow.src_ip, sport: flow.src_port, dst: flow.dest_ip, dport: flow.dest_port, verdict});
    set("d-message", `${answer.verdict === "shunt" ? "bypassed" : "resumed"} ${answer.flows} connection${answer.flows === 1 ? "" : "s"}`);
    showFlows();
  } catch (error) {
    set("d-message", error.message);
  }
}

// ---- watching bytes ----

let socket = null;

function stopWatching() {
  if (socket) socket.close();
  socket = null;
  $("d-watch").setAttribute("aria-pressed", "false");
  $("d-watch").textContent = "Watch bytes";
}

function filterOf(flow) {
  const side = (ip, port) => `(host ${ip} and port ${port})`;
  return `tcp and ${side(flow.src_ip, flow.src_port)} and ${side(flow.dest_ip, flow.dest_port)}`;
}

// Printable ASCII characters, newlines and tabs stay; other bytes become a middle dot.
function printable(view) {
  let text = "";
  for (const byte of view) text += byte === 10 ? "\n" : byte === 9 ? "\t" : byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·";
  return text;
}

function showBytes(buffer) {
  const out = $("d-bytes"), view = new DataView(buffer), way = view.getUint8(4), atEnd = out.scrollHeight - out.scrollTop - out.clientHeight < 40;
  if (out.firstChild && out.firstChild.className === "wait") out.replaceChildren();
  const last = out.lastChild;
  const text = printable(new Uint8Array(buffer, 24, Math.min(buffer.byteLength - 24, 65536)));
  if (last && last.className === (way ? "b" : "a") && last.textContent.length < 8192) last.textContent += text;
  else out.append(make("span", text, way ? "b" : "a"));
  while (out.textContent.length > PREVIEW_CHARS && out.children.length > 1) out.firstChild.remove();
  if (atEnd) out.scrollTop = out.scrollHeight;
}

function watchBytes() {
  if (socket) { stopWatching(); return; }
  const out = $("d-bytes");
  out.hidden = false;
  out.replaceChildren(make("span", "waiting for bytes", "wait"));
  $("d-watch").setAttribute("aria-pressed", "true");
  $("d-watch").textContent = "Stop watching";
  set("d-message", "connecting");
  const mine = socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`, token() ? ["weft.v1", `weft.token.${token()}`] : "weft.v1");
  mine.binaryType = "arraybuffer";
  mine.onopen = () => mine.send(JSON.stringify({op: "subscribe", id: 1, filter: filterOf(state.flow), events: ["data", "gap", "flow"]}));
  mine.onmessage = (message) => {
    if (mine !== socket) return;
    if (typeof message.data !== "string") { showBytes(message.data); return; }
    const answer = JSON.parse(message.data);
    if (answer.error) set("d-message", answer.error);
    else if (answer.ok) set("d-message", "to server and to client in two colours; bytes that are not printable are shown as ·");
    else if (answer.drop) set("d-message", `${bytes(answer.drop.bytes)} were left out because this page was too slow`);
    else if (answer.event && answer.event.event_type === "gap") set("d-message", `${bytes(answer.event.gap.length)} are missing (${answer.event.gap.cause.replaceAll("_", " ")})`);
    else if (answer.event && answer.event.event_type === "flow") set("d-message", `the connection has ended (${answer.event.flow.close_reason.replaceAll("_", " ")})`);
  };
  mine.onclose = () => { if (mine === socket) { stopWatching(); set("d-message", "the agent closed the WebSocket"); } };
}

// ---- start ----

$("flows").addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (row && row.flow) openDetail(row.flow);
});
$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, $("login-token").value.trim());
});
let typing;
$("filter").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(showFlows, 300); });
for (const id of ["sort", "limit"]) $(id).addEventListener("change", showFlows);
$("flow-form").addEventListener("submit", (event) => { event.preventDefault(); showFlows(); });
$("pause").addEventListener("click", () => {
  state.paused = !state.paused;
  $("pause").setAttribute("aria-pressed", String(state.paused));
  $("pause").textContent = state.paused ? "Continue" : "Pause";
});
for (const button of document.querySelectorAll("[data-verdict]")) button.addEventListener("click", () => setVerdict(button.dataset.verdict));
$("d-watch").addEventListener("click", watchBytes);
$("detail").addEventListener("close", stopWatching);
$("detail").addEventListener("close", () => { $("d-bytes").hidden = true; });
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !document.querySelector("dialog[open]") && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) { event.preventDefault(); $("filter").focus(); }
});

repeat(STATS_MS, showStats);
repeat(SLOW_MS, showHealth);
repeat(SLOW_MS, showFlows);
repeat(SLOW_MS, showSubs);
