#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_man.sh - check-man.py accepts the manual pages of this build, and finds each kind of
# difference between a page and the program.
. "$(dirname "$0")/lib.sh"
need_weft
command -v mandoc >/dev/null || skip_all 'needs mandoc'

cd "$root" || exit 1
make --no-print-directory build/man/weft.conf.5 build/man/weft-events.5 build/man/weft-run.1 \
	build/man/weft-replay.1 >/dev/null
cp man/*.[1-8] build/man/*.[1-8] "$work"

check_pages() { scripts/check-man.py "$weft" "$work"/*.[1-8]; }

# finds NAME MESSAGE FILE SED-SCRIPT: a page changed by the script is rejected with MESSAGE.
finds() {
	local page=$work/$3 message

	cp "$page" "$work/kept"
	sed -i -E "$4" "$page"
	message=$(check_pages 2>&1)
	check "$1" grep -qF "$2" <<<"$message"
	cp "$work/kept" "$page"
}

check 'the pages of this build are accepted' check_pages
finds 'a wrong default' "capture.ring_frames: expected '[0 to 65536 frames, default 0]'" \
	weft.conf.5 's/(65536 frames, default) 0\]/\1 4096]/'
finds 'a wrong range' "capture.workers: expected '[0 to 64 threads, default 0]'" \
	weft.conf.5 's/0 to 64 threads/0 to 32 threads/'
finds 'a wrong unit' "reassembly.gap_timeout_ms: expected '[0 to 3600000 ms, default 0]'" \
	weft.conf.5 's/0 to 3600000 ms, default 0/0 to 3600000 seconds, default 0/'
finds 'a key without an entry' 'no entry for the key filter.ports' \
	weft.conf.5 's/^\.It Cm filter\.ports$/.It Cm filter.doors/'
finds 'an entry without a key' 'entry for the key filter.doors, which does not exist' \
	weft.conf.5 's/^\.It Cm filter\.ports$/.It Cm filter.doors/'
finds 'an option without an entry' 'no entry for --depth of weft run' \
	weft-run.1 's/^\.It Fl -depth .*/.It Fl -deep/'
finds 'a command without an entry' 'no entry for weft doctor' \
	weft.1 's/^\.It Cm doctor$/.It Cm nurse/'
finds 'an event type without a section' 'no section for the event type pressure' \
	weft-events.5 's/^\.Ss pressure$/.Ss weather/'
finds 'a section without an event type' 'section for the event type weather, which the sink does not write' \
	weft-events.5 's/^\.Ss pressure$/.Ss weather/'
finds 'a field without an entry' 'no entry for the field gap_bytes_toclient' \
	weft-events.5 's/^(\.It Va gap_bytes_toserver) , gap_bytes_toclient$/\1/'
finds 'an entry without a field' 'entry for the field hole, which the sink does not write' \
	weft-events.5 's/^\.It Va cause$/.It Va hole/'
finds 'a line that is too wide' "weft.1: more than 80 columns: " \
	weft.1 "\$ a .Bd -literal\n$(printf 'x%.0s' {1..81})\n.Ed"
finish
