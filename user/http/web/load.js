// SPDX-License-Identifier: BSD-2-Clause
//
// load.js - the sections of the dashboard with memory, workers and subscriptions. Loaded before
// weft.js, which calls it.
"use strict";

// ---- memory ----

// Owners whose names need a word of explanation. The help texts of the metrics explain all of them.
const OWNERS = {free_spans: "free blocks, for any use", slabs: "slabs (connections)", runs: "runs (indexes, queues)", maps: "maps of BPF", pages: "pages (packet data)",
  frames: "frames to receive"};
const SOURCES = {budget: "of the memory that is not fixed at the start", process: "of the same, as the kernel counts it", cgroup: "of the limit of the control group",
  psi: "for time lost by waiting for memory"};
const NOT_OWNERS = ["limit", "used", "peak", "trimmed"];

// Returns the memory of each owner: {name, value, help}; the sum of the values is memory_used_bytes.
function memoryOwners(stats) {
  return Object.entries(stats.metrics).map(([name, metric]) => ({name: (/^memory_(\w+)_bytes$/.exec(name) || [])[1], value: metric.value, help: metric.help}))
    .filter((owner) => owner.name && !NOT_OWNERS.includes(owner.name));
}

// Memory in use, without blocks that are reserved, but free. All parts of the page about this agent use this number.
const memoryInUse = (stats) => value(stats, "memory_used_bytes") - value(stats, "memory_free_spans_bytes");
const memoryPercent = (stats) => `${Math.round(100 * memoryInUse(stats) / (value(stats, "memory_limit_bytes") || 1))} %`;

function classRow(stats, name) {
  const count = (what) => value(stats, `pages_${name}_${what}`);
  return [t(name, "", stats.metrics[`pages_${name}_spans`].help.replace("64 KiB blocks for ", "")), n(short(count("used_pages"))), n(short(count("free_pages"))),
    n(short(count("spans"))), n(short(count("taken_pages"))), n(short(count("failed_pages")), count("failed_pages") ? "grows" : "")];
}

function showMemory(stats) {
  const limit = value(stats, "memory_limit_bytes"), free = value(stats, "memory_free_spans_bytes"), pressure = stats.pressure;
  const owners = memoryOwners(stats).filter((owner) => owner.value > 0).sort((a, b) => b.value - a.value)
    .map((owner, i) => ({...owner, name: OWNERS[owner.name] || owner.name, rate: 0, color: `c${i % 7}`}));
  set("memory-line", `${memoryPercent(stats)} in use: ${bytes(memoryInUse(stats))} of ${bytes(limit)}${free ? `; ${bytes(free)} more are reserved, but free` : ""}`);
  fillStack($("memory-bar"), owners, limit);
  $("memory-bar").setAttribute("aria-label", owners.map((owner) => `${owner.name} ${bytes(owner.value)}`).join(", "));
  fillParts($("memory-owners"), owners, limit, bytes);
  const classes = Object.keys(stats.metrics).map((name) => (/^pages_(\w+)_spans$/.exec(name) || [])[1]).filter(Boolean);
  fillRows($("classes"), classes.map((name) => classRow(stats, name)), "no pages", 6);
  set("pressure-line", `Memory pressure is ${pressure.level}. It follows the highest of: ${pressure.sources.filter((s) => s.known)
    .map((s) => `${s.name} ${s.percent} % (${SOURCES[s.name] || "of its limit"})`).join(", ")}.`);
}

// ---- workers ----

function busyMeter(percentBusy) {
  const box = make("span");
  box.append(meter(percentBusy, 100, `${percentBusy} % busy`, true), ` ${percentBusy} %`);
  return box;
}

// Shows the workers of the report @now. @before: an earlier report; null: the present rates are not known.
function showWorkers(before, now) {
  const rates = now.workers.map((worker, i) => (!before || !before.workers[i] || isStalled(worker) ? null : rateOf(before, now, (stats) => stats.workers[i].frames)));
  const sum = rates.reduce((a, b) => a + b, 0);
  fillRows($("workers"), now.workers.map((worker, i) => [t(String(worker.index)), n(short(worker.ring_full_frames), worker.ring_full_frames ? "grows" : ""),
    rates[i] === null ? t("–") : {element: busyMeter(worker.busy_percent)}, n(perSecond(rates[i])), n(sum && rates[i] !== null ? `${Math.round(100 * rates[i] / sum)} %` : "–"),
    n(short(worker.connections)), n(`${worker.last_seen_ms} ms`, isStalled(worker) ? "grows" : "")]), "no workers", 7);
}

// ---- subscriptions ----

// Returns the rate of @count since the last call for @key.
function countRate(map, key, count) {
  const now = performance.now(), last = map.get(key);
  map.set(key, {count, now});
  return last && now > last.now && count >= last.count ? (count - last.count) * 1000 / (now - last.now) : 0;
}

// Returns dropped events as text, with their payload if they had any.
const droppedText = (events, payload) => (payload ? `${short(events)} (${bytes(payload)})` : short(events));

async function showSubs() {
  const {subscriptions} = await ask("/api/v1/subscriptions");
  fillRows($("subs"), subscriptions.map((sub, i) => [t(sub.name + (sub.state === "running" ? "" : ` (${sub.state})`)),
    n(droppedText(sub.dropped_events, sub.dropped_bytes), sub.dropped_events ? "grows" : ""),
    {element: meter(sub.queue_bytes, sub.queue_limit_bytes, `${bytes(sub.queue_bytes)} of ${bytes(sub.queue_limit_bytes)} wait`, true)},
    n(perSecond(countRate(state.sub, `${i} ${sub.name}`, sub.taken_events))),
    n(sub.lag_ms ? `${(sub.lag_ms / 1000).toFixed(1)} s` : "0 s", sub.lag_ms >= 5000 ? "grows" : "")]), "no subscriptions", 5);
}
