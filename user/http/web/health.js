// SPDX-License-Identifier: BSD-2-Clause
//
// health.js - the status at the top of the dashboard. Loaded before weft.js, which calls it.
"use strict";

// The status is not shown in green for this time after a loss.
const RECENT_MS = 600000;

function showPill(text, className) {
  const pill = $("health");
  if (pill.textContent !== text) pill.textContent = text;
  pill.className = `pill ${className}`;
}

function showStatus(className, headline, note) {
  const status = $("status"), isBad = className === "degraded" || className === "unhealthy";
  status.className = `card status ${className}`;
  set("t-status", headline);
  set("status-note", note);
  $("status-note").hidden = isBad;
  // Reasons that come and go do not move the page: the height is kept until all is well.
  status.style.minHeight = isBad ? `${status.offsetHeight}px` : "";
}

function unreachable(error) {
  if (error instanceof TypeError || error.name === "TimeoutError") {
    showPill("no answer", "unhealthy");
    state.health = null;
    $("reasons").replaceChildren();
    showStatus("unhealthy", "The agent does not answer. The numbers below are the last ones that it sent.");
    if (state.stats) {
      showRates(state.stats, UNKNOWN);
      showWorkers(null, state.stats);
    }
  }
}

const ago = (ms) => (ms < 2000 ? "now" : `${duration(ms)} ago`);

function unhealthyHeadline(reasons, stats) {
  const stalled = reasons.filter((reason) => reason.what === "worker_stalled").length, workers = stats ? stats.workers.length : 0;
  if (!stalled) return "Unhealthy: a part of weft does not work.";
  return stalled < workers ? `Unhealthy: capture has stopped in ${stalled} of ${workers} workers.` : "Unhealthy: capture has stopped.";
}

function degradedHeadline() {
  return state.loss && state.loss.lost ? `Degraded: ${short(state.loss.lost)} wanted frames are lost each second, ${percent(state.loss.lost, state.loss.seen)} of all.`
    : "Degraded: weft captures, but something is lost or will be.";
}

// Shows the status of an agent that is healthy now.
function showWell(stats) {
  if (!stats) showStatus("ok", "All is well: every part works.");
  else if (!seen(stats))
    showStatus("idle", `No frame has arrived yet ${stats.interfaces.length ? "on" : "from"} ${stats.source}.`, "Every part of weft works, and waits for traffic.");
  else if (!lost(stats)) showStatus("ok", "All is well: every part works.", "No frame that is wanted was lost.");
  else {
    const note = `Since the start, ${short(lost(stats))} of ${short(seen(stats))} frames were lost (${percent(lost(stats), seen(stats))}).`;
    if (stats.loss_age_ms < RECENT_MS) showStatus("recent", `All is well now, but frames were lost, the last ones ${ago(stats.loss_age_ms)}.`, note);
    else showStatus("ok", "All is well: every part works.", `${note} The last ones were lost ${ago(stats.loss_age_ms)}.`);
  }
}

// Called for each report and for each answer about health.
function showHeadline() {
  const {health, stats} = state;
  if (!health) return;
  if (health.status === "ok") showWell(stats);
  else showStatus(health.status, health.status === "degraded" ? degradedHeadline() : unhealthyHeadline(health.reasons, stats));
}

function reasonElement() {
  const li = make("li");
  li.append(make("b"), make("span"), make("span", "", "help"));
  return li;
}

async function showHealth() {
  const health = state.health = await ask("/health");
  showPill(health.status, health.status);
  children($("reasons"), health.reasons.length, reasonElement).forEach((li, i) => {
    const reason = health.reasons[i], texts = [reason.what.replaceAll("_", " "), reason.detail, reason.help ? `What helps: ${reason.help}.` : ""];
    texts.forEach((text, j) => { if (li.children[j].textContent !== text) li.children[j].textContent = text; });
  });
  showHeadline();
}

window.addEventListener("resize", () => { document.getElementById("status").style.minHeight = ""; });
