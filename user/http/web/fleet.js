// SPDX-License-Identifier: BSD-2-Clause
//
// fleet.js - the section of the dashboard with all sensors that publish on NATS, which is shown if this
// agent is one of them. Loaded after weft.js.
"use strict";

const LAG_BAD_SEC = 5;
const sensorStatus = (sensor) => (sensor.ended ? "ended" : sensor.stale ? "stale" : sensor.health);
const isTrouble = (sensor) => !["ok", "ended"].includes(sensorStatus(sensor));
const secondsAgo = (sec) => `${duration(Math.max(0, sec) * 1000)} ago`;

// Returns the losses of a sensor by cause, as text.
const lossesOf = (sensor) => Object.entries(sensor.losses).map(([name, frames]) => `${name.replaceAll("_", " ")} ${short(frames)}`).join(", ");

function sensorRow(sensor) {
  const status = sensorStatus(sensor), memory = sensor.memory_limit_bytes ? `${Math.round(100 * sensor.memory_used_bytes / sensor.memory_limit_bytes)} %` : "–";
  const row = [t(sensor.sensor), t(`${status}${sensor.reason && !sensor.stale && !sensor.ended ? `: ${sensor.reason.replaceAll("_", " ")}` : ""}`, isTrouble(sensor) ? "grows" : ""),
    t([sensor.hostname, sensor.interfaces].filter(Boolean).join(" ")), n(duration(sensor.up_sec * 1000)), n(perSecond(sensor.frames_per_sec)),
    n(perSecond(sensor.bits_per_sec / 8, "B")), n(short(sensor.connections)), n(short(sensor.lost_frames), sensor.lost_frames ? "grows" : ""),
    n(droppedText(sensor.dropped_events, sensor.dropped_bytes), sensor.dropped_events ? "grows" : ""), n(`${sensor.lag_sec.toFixed(1)} s`, sensor.lag_sec >= LAG_BAD_SEC ? "grows" : ""), n(memory),
    n(secondsAgo(sensor.heard_sec_ago), sensor.stale ? "grows" : "")];
  row.className = sensor.ended ? "muted" : "";
  return row;
}

// Sensors with troubles come first, then the order is that of the names.
const byTrouble = (a, b) => isTrouble(b) - isTrouble(a) || (a.sensor < b.sensor ? -1 : 1);

function summaryOf(answer) {
  const stale = answer.sensors.filter((sensor) => sensor.stale).length, bad = answer.sensors.filter(isTrouble).length - stale;
  return [`${answer.sensors.length} sensor${answer.sensors.length === 1 ? "" : "s"}`, stale && `${stale} stale`, bad && `${bad} not healthy`,
    answer.left_out && "more than are shown"].filter(Boolean).join(", ");
}

async function showFleet() {
  const isSensor = Boolean(state.stats && state.stats.sinks.some((sink) => sink.name === "nats"));
  $("fleet").hidden = !isSensor;
  if (!isSensor) return;
  let answer;
  try {
    answer = await ask("/api/v1/fleet");
  } catch (error) {
    set("fleet-error", error.message);
    if (error.status === undefined) throw error;
    return;
  }
  set("fleet-error", answer.connected ? "" : `NATS: ${answer.reason}${answer.sensors.length ? "; these are the last states that were read" : ""}`);
  const sensors = answer.sensors.sort(byTrouble);
  fillRows($("sensors"), sensors.map(sensorRow), answer.connected ? "no sensors" : "–", 12);
  [...$("sensors").children].forEach((tr, i) => {
    tr.title = sensors[i] ? [`weft ${sensors[i].version}`, `pressure ${sensors[i].pressure}`, lossesOf(sensors[i])].filter(Boolean).join("; ") : "";
  });
  set("fleet-count", answer.sensors.length || answer.connected ? summaryOf(answer) : "");
}

repeat(SLOW_MS, showFleet);
