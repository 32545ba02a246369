// SPDX-License-Identifier: BSD-2-Clause
//
// policy.js - the section of the dashboard with the policy: show, edit, history, difference, roll
// back. Loaded after weft.js.
"use strict";

const policy = {present: null, versions: [], selected: 0, editing: false, base: 0};

const policyText = (value) => JSON.stringify(value, null, 2);

function policySay(text, className) {
  set("policy-message", text);
  $("policy-message").className = `small message ${className || ""}`;
}

// Returns the lines of @before and @after in order: [" ", line], ["-", line] or ["+", line], from
// their longest common subsequence.
function lineDiff(before, after) {
  const a = before.split("\n"), b = after.split("\n");
  const length = Array.from({length: a.length + 1}, () => new Array(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
  const lines = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { lines.push([" ", a[i]]); i++; j++; }
    else if (j >= b.length || (i < a.length && length[i + 1][j] >= length[i][j + 1])) lines.push(["-", a[i++]]);
    else lines.push(["+", b[j++]]);
  }
  return lines;
}

// Shows what a roll-back to the selected version would change.
function showDiff() {
  const selected = policy.versions.find((version) => version.version === policy.selected), out = $("policy-diff");
  const isOld = selected && selected.version !== policy.present.version;
  $("policy-rollback").disabled = !isOld;
  $("policy-rollback").textContent = isOld ? `Roll back to version ${selected.version}` : "Roll back";
  set("policy-diff-title", isOld ? `A roll-back to version ${selected.version} changes:` :
    selected ? "This is the present version." : "Select a version to see the difference.");
  const lines = isOld ? lineDiff(policyText(policy.present.policy), policyText(selected.policy)) : [];
  const changed = lines.map(([sign], i) => sign !== " " || lines.slice(Math.max(0, i - 2), i + 3).some(([near]) => near !== " "));
  out.replaceChildren(...lines.filter((line, i) => changed[i]).map(([sign, line]) =>
    make("span", `${sign} ${line}`, sign === "+" ? "add" : sign === "-" ? "cut" : "")));
  if (isOld && !out.children.length) out.append(make("span", "nothing: both versions are equal"));
}

function markSelected() {
  for (const tr of $("policy-history").children) {
    const isSelected = Number(tr.dataset.version) === policy.selected, button = tr.querySelector("button");
    tr.classList.toggle("selected", isSelected);
    if (button) button.setAttribute("aria-pressed", String(isSelected));
  }
}

function historyRow(version) {
  const button = make("button", `Version ${version.version}`), isPresent = version.version === policy.present.version;
  button.type = "button";
  const row = [{element: button}, t(version.changed.slice(0, 19).replace("T", " ")), t(version.by + (isPresent ? ", in use" : ""))];
  row.className = "row";
  return row;
}

async function showHistory() {
  policy.versions = (await ask("/api/v1/policy/history")).versions;
  fillRows($("policy-history"), policy.versions.map(historyRow), "no versions", 3);
  [...$("policy-history").children].forEach((tr, i) => {
    const version = policy.versions[i];
    tr.dataset.version = version ? version.version : "";
    if (version && version.version === policy.present.version) tr.setAttribute("aria-current", "true");
    else tr.removeAttribute("aria-current");
  });
  markSelected();
  showDiff();
}

async function showPolicy() {
  const answer = await ask("/api/v1/policy"), isNew = !policy.present || policy.present.version !== answer.version;
  policy.present = answer;
  if (!isNew) return;
  if (!policy.editing) $("policy-text").value = policyText(answer.policy);
  else policySay(`version ${answer.version} was applied meanwhile by ${answer.by}; Apply would be rejected: copy your text, and press Cancel`, "bad");
  set("policy-title", `Version ${answer.version}, since ${answer.changed.slice(0, 19).replace("T", " ")} UTC, by ${answer.by}`);
  await showHistory();
}

function setEditing(editing) {
  policy.editing = editing;
  $("policy-text").readOnly = !editing;
  $("policy-edit").disabled = editing;
  $("policy-save").disabled = $("policy-cancel").disabled = !editing;
  if (editing) { policy.base = policy.present.version; $("policy-text").focus(); }
  else if (policy.present) $("policy-text").value = policyText(policy.present.policy);
}

async function savePolicy() {
  let value;
  try {
    value = JSON.parse($("policy-text").value);
  } catch (error) {
    policySay(`not JSON: ${error.message}`, "bad");
    return;
  }
  try {
    const answer = await change("PUT", "/api/v1/policy", value, {"If-Match": String(policy.base)});
    setEditing(false);
    await showPolicy();
    policySay(`version ${answer.version} is in use`, "good");
  } catch (error) {
    policySay(error.message, "bad");
  }
}

async function rollBack() {
  try {
    const answer = await change("POST", "/api/v1/policy/rollback", {version: policy.selected});
    policy.selected = 0;
    await showPolicy();
    policySay(`version ${answer.version} is in use`, "good");
  } catch (error) {
    policySay(error.message, "bad");
  }
}

$("policy-history").addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (!row || !row.dataset.version) return;
  policy.selected = Number(row.dataset.version);
  markSelected();
  showDiff();
});
$("policy-edit").addEventListener("click", () => { if (policy.present) { policySay(""); setEditing(true); } });
$("policy-cancel").addEventListener("click", () => { policySay(""); setEditing(false); });
$("policy-save").addEventListener("click", savePolicy);
$("policy-rollback").addEventListener("click", rollBack);

repeat(SLOW_MS, showPolicy);
