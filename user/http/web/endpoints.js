// SPDX-License-Identifier: BSD-2-Clause
//
// endpoints.js - the section of the dashboard with the hosts that were seen. Loaded after weft.js.
"use strict";

// Returns the time of an answer, "2026-01-31T23:59:59.000000+0000", in ms since 1970.
const timeOf = (text) => Date.parse(text.replace("+0000", "Z"));
const since = (text) => `${duration(Math.max(0, Date.now() - timeOf(text)))} ago`;

function removeButton(address) {
  const button = make("button", "Remove");
  button.type = "button";
  button.setAttribute("aria-label", `Remove ${address}`);
  return button;
}

function endpointRow(host) {
  return [t(host.address), n(short(host.connections_open)), n(short(host.connections_total)), n(short(host.connections_as_client)),
    n(host.half_open === undefined ? "–" : short(host.half_open), host.half_open >= 100 ? "grows" : ""), n(bytes(host.bytes_sent)),
    n(bytes(host.bytes_received)), n(since(host.first_seen)), n(since(host.last_seen)), {element: removeButton(host.address)}];
}

// The result of the latest removal, shown for some time although the table is refreshed.
let note = "", noteUntil = 0;

async function showEndpoints() {
  const query = new URLSearchParams({sort: $("endpoint-sort").value, limit: $("endpoint-limit").value});
  const prefix = $("endpoint-prefix").value.trim();
  if (prefix) query.set("prefix", prefix);
  let answer;
  try {
    answer = await ask(`/api/v1/endpoints?${query}`);
    set("endpoint-error", "");
  } catch (error) {
    set("endpoint-error", error.message);
    if (error.status === undefined) throw error;
    return;
  }
  const body = $("endpoints"), focused = document.activeElement.closest("#endpoints tr");
  const focusedAddress = focused && focused.dataset.address;
  fillRows(body, answer.endpoints.map(endpointRow), "no hosts", 10);
  [...body.children].forEach((tr, i) => {
    tr.dataset.address = answer.endpoints[i] ? answer.endpoints[i].address : "";
    if (focusedAddress && tr.dataset.address === focusedAddress) tr.querySelector("button").focus({preventScroll: true});
  });
  set("endpoint-count", `${answer.endpoints.length} of ${short(answer.total)} hosts; at most ${short(answer.limit)} are kept` +
    (answer.evicted ? `, so ${short(answer.evicted)} were removed` : "") + (Date.now() < noteUntil ? `; ${note}` : ""));
}

$("endpoints").addEventListener("click", async (event) => {
  const button = event.target.closest("button"), row = event.target.closest("tr");
  if (!button) return;
  const address = row.dataset.address; // a refresh during the request may give the row to another host
  try {
    await change("DELETE", `/api/v1/endpoints/${address}`);
    note = `removed ${address}`;
    noteUntil = Date.now() + 10000;
    await showEndpoints();
  } catch (error) {
    set("endpoint-error", error.message);
  }
});
let endpointTyping;
$("endpoint-prefix").addEventListener("input", () => { clearTimeout(endpointTyping); endpointTyping = setTimeout(showEndpoints, 300); });
for (const id of ["endpoint-sort", "endpoint-limit"]) $(id).addEventListener("change", showEndpoints);
$("endpoint-form").addEventListener("submit", (event) => { event.preventDefault(); showEndpoints(); });

repeat(SLOW_MS, showEndpoints);
