# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# page.sh - functions for a headless Chromium that shows the dashboard of the agent in namespace a. Source
# it after lib.sh. WEFT_SHOTS: a directory for pictures of the page.

driver_port=9515

browser() { in_a python3 "$root/tests/integration/browser.py" $driver_port "$work/session" "$@"; }
# Close the session first, because Chromium does not end with chromedriver.
cleanup() {
	[ ! -e "$work/session" ] || browser close
	lib_cleanup
}
trap cleanup EXIT

# page CODE: CODE, run as the body of a JavaScript function, returns true.
page() { browser js "$1" | tee "$work/page" | jq -e '. == true' || { cat "$work/page"; return 1; }; }
# soon CODE: CODE returns true within 30 seconds times WEFT_SLOW.
soon() { browser wait 300 "$1"; }
shot() { [ -z "${WEFT_SHOTS:-}" ] || browser shot "$WEFT_SHOTS/$1.png"; }
has_text() { soon "return document.querySelector('$1').textContent.includes(\"$2\")"; }
cli() { local command=$1; shift; "$weft" "$command" -i eth0 --set "control.dir=$work/control" "$@"; }
open_page() {
	port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
	browser open "http://127.0.0.1:$port/"
}
# The status at the top is shown whole, whatever its reasons.
status_is_whole() {
	page 'const cut = ["status", "reasons"].map((id) => document.getElementById(id)).filter((element) => element.scrollHeight > element.clientHeight);
		return cut.length ? cut.map((element) => [element.id, element.scrollHeight, element.clientHeight]) : true'
}
# The columns with losses are inside of their boxes before anything is scrolled.
losses_are_visible() {
	page 'const heads = [...document.querySelectorAll("th")].filter((th) => ["Missing", "Ring full", "Dropped"].includes(th.textContent));
		const cut = heads.filter((th) => th.getBoundingClientRect().right > th.closest(".scroll").getBoundingClientRect().right + 1);
		return heads.length === 3 && !cut.length ? true : [heads.length, ...cut.map((th) => th.textContent)]'
}
# looks_right NAME: at each width, in both colour schemes, the page is not wider than the window,
# its status and its losses are visible, and its texts have enough contrast; at the largest width, a
# screen reader has a name for each control.
looks_right() {
	local width scheme
	for width in 1440 768 390; do
		for scheme in light dark; do
			browser view $width 900 $scheme
			soon "const chart = document.querySelector('#chart-throughput svg');
				return chart && Math.abs(chart.viewBox.baseVal.width - chart.clientWidth) < 2" || return 1
			page 'return document.documentElement.scrollWidth <= window.innerWidth ? true : document.documentElement.scrollWidth' ||
				return 1
			status_is_whole && losses_are_visible || return 1
			browser faint || return 1
			shot "$1-$width-$scheme"
		done
	done
	browser view 1440 900 light
	browser unnamed || return 1
	browser js 'window.testShift = 0' # shifts by the changes of the window do not count
}

# same_numbers: the page shows the numbers of `weft stats --json`, shortened as the page does, and
# more than 3 MB were delivered.
same_numbers() {
	agent_stats --json >"$work/stats.json" || return 1
	page "const stats = $(cat "$work/stats.json"), wrong = [];
		const text = (id) => document.getElementById(id).textContent, expect = (id, want) => { if (text(id) !== want) wrong.push([id, text(id), want]); };
		const metric = (name) => stats.metrics[name].value;
		expect('k-delivered-sum', bytes(metric('payload_delivered_bytes')) + ' in all');
		expect('k-frames-sum', short(metric('frames')) + ' in all');
		expect('k-flows', short(metric('flows_active_flows')));
		expect('k-gaps-sum', bytes(metric('gaps_bytes')) + ' in ' + short(metric('gaps')) + (metric('gaps') === 1 ? ' gap' : ' gaps'));
		for (const ledger of stats.ledgers.filter((ledger) => ledger.total.value))
			for (const part of ledger.parts.filter((part) => part.value)) {
				const format = /bytes\$/.test(ledger.total.name) ? bytes : short, name = partLabel(part.name);
				const shown = [...document.querySelectorAll('.ledger')].filter((element) => element.querySelector('h3 span').textContent === TITLES[ledger.name])
					.flatMap((element) => [...element.querySelectorAll('li')]).filter((li) => li.querySelector('.name').textContent === name);
				if (shown.length !== 1 || shown[0].children[2].textContent !== format(part.value)) wrong.push([ledger.name, name, part.value]);
			}
		return wrong.length ? wrong : metric('payload_delivered_bytes') > 3000000"
}

# driver_start: run chromedriver in namespace a; sets driver_pid.
driver_start() {
	background driver_pid ip netns exec "$ns_a" env HOME="$work" TMPDIR="$work" chromedriver --port=$driver_port --log-level=OFF >"$work/driver.log" 2>&1
	wait_until 100 in_a curl -sf "http://127.0.0.1:$driver_port/status"
}
