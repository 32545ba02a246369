#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_extend.sh - the section "Where do I put" of user/README.md is correct: an example of each
# change, except a limit, is made in a copy of the source tree, touches at most as many files as the
# section names, and works or is registered.
. "$(dirname "$0")/lib.sh"

copy=$work/tree
mkdir "$copy"
(cd "$root" && git ls-files -co --exclude-standard | while read -r file; do
	[ -e "$file" ] && printf '%s\n' "$file"
done | tar -cf - -T -) | tar -xf - -C "$copy"
cd "$copy" || exit 1
git init -q && git add -A && git -c user.name=test -c user.email=test@localhost commit -qm copy

declare -A touched

# change NAME FILES COMMAND...: COMMAND makes the change NAME, which may touch at most FILES files.
change() {
	local name=$1 files=$2
	shift 2
	"$@"
	git add -A
	touched[$name]=$(git diff --cached --name-only | wc -l)
	check "${name}_is_a_change_of_at_most_${files}_files" [ "${touched[$name]}" -gt 0 -a "${touched[$name]}" -le "$files" ]
	git -c user.name=test -c user.email=test@localhost commit -qm "$name"
}

# insert_after FILE PATTERN TEXT: insert TEXT as a line after the first line that matches PATTERN.
insert_after() {
	awk -v pattern="$2" -v text="$3" '{ print } !done && $0 ~ pattern { print text; done = 1 }' \
		"$1" >"$work/edited" && cat "$work/edited" >"$1"
}

add_option() {
	insert_after include/weft/options.def '^/\* ---- capture ---- \*/' \
		'
WEFT_AGENT_OPTION(NUMBER, uint32_t, example, "capture.example", WEFT_FLAG(0, "example", "N"),
	WEFT_RANGE(0, 9, 3, "things"), "number of examples", "Examples are counted from 0.")'
}

add_metric() {
	insert_after user/metrics/metrics.def '^/\* ---- frames in the kernel' \
		'X_COUNTER(example_things, "weft_example_things_total", "kind=example", "examples of a metric")'
}

# Add a counter, and count each frame of the XDP program with it.
add_kernel_counter() {
	sed -i 's/^X_KERNEL(COUNTER, seen/X_KERNEL(COUNTER, example, kernel_example_frames, "weft_kernel_example_frames_total", "interface",\
      "examples of a counter of a kernel program")\
&/' bpf/counters.def
	sed -i '0,/cpu->counts.seen++;/s//cpu->counts.seen++;\n\tcpu->counts.example++;/' bpf/steer.bpf.c
}

# append_row FILE PREFIX NAME TEXT: add a row to the table whose rows begin with X(PREFIX: the row
# becomes the last one, with the next number.
append_row() {
	awk -v prefix="X\\($2[A-Z_0-9]+, [0-9]+" -v row="X($2$3" -v text="$4" '
		{ lines[NR] = $0 }
		$0 ~ prefix { last = NR; match($0, /, [0-9]+/); number = substr($0, RSTART + 2, RLENGTH - 2) + 1 }
		END {
			while (lines[last] ~ /\\$/) last++
			lines[last] = lines[last] " \\\n\t" row ", " number ", " text ")"
			for (i = 1; i <= NR; i++) print lines[i]
		}' "$1" >"$work/edited" && cat "$work/edited" >"$1"
}

add_gap_cause() { append_row include/weft/event.h WEFT_GAP_ EXAMPLE '"example_cause", "an example of a cause"'; }
add_anomaly() { append_row include/weft/event.h WEFT_ANOMALY_ EXAMPLE '"example_anomaly", "an example of an anomaly"'; }
add_close_reason() { append_row include/weft/flow.h WEFT_CLOSE_ EXAMPLE '"example_reason", "an example of a reason"'; }

# The name of a policy is public, so the public enum gets a line too.
add_overlap_policy() {
	sed -i 's/^\tWEFT_OVERLAP_MACOS,/&\n\tWEFT_OVERLAP_EXAMPLE,/; s/(WEFT_OVERLAP_MACOS + 1)/(WEFT_OVERLAP_EXAMPLE + 1)/
		s/"macos"$/"macos", "example"/' include/weft/opts.h
	sed -i 's/^\t\[WEFT_OVERLAP_MACOS\].*/&\n\t[WEFT_OVERLAP_EXAMPLE] = {always, false, false},/' user/reassembly/overlap.c
}

# Let IP protocol 253, reserved for experiments, carry IPv4.
add_tunnel() {
	sed -i -E '/^static __always_inline int is_tunnel/,/^}/s/^\tcase IPPROTO_UDP:/\tcase 253:\n&/
		/^static __always_inline int walk_tunnel/,/^}/s/^\tcase IPPROTO_IPIP:/\tcase 253:\n&/' bpf/tunnel.h
	sed -i -E '/^bool wf_tunnel_is_proto/,/^}/s/return /return proto == 253 || /
		/^enum wf_next wf_tunnel_proto/,/^}/s/^\tcase WF_PROTO_IPV4:/\tcase 253:\n&/' user/decode/tunnel.c
}

add_output() {
	sed 's/null\.c/example.c/; s/null_/example_/g; s/wf_sink_null/wf_sink_example/; s/"null"/"example"/' \
		user/sink/null.c >user/sink/example.c
	sed -i -E 's/^\tKIND\(null\) +\\/\tKIND(example) \\\n&/' user/sink/registry.c
}

add_command() {
	cat >user/cli/cmd_example.c <<'END'
// SPDX-License-Identifier: BSD-2-Clause
/* cmd_example.c - weft example: an example of a command. */
#include "cli/cmd.h"

#include <stdio.h>

static int run_example(struct wf_options *options)
{
	puts("an example ran");
	return WF_EXIT_DONE;
}

WF_CMD(example) = {
	.name = "example",
	.position = 90, /* taken by another command, too */
	.usage = "",
	.summary = "an example of a command",
	.details = "",
	.run = run_example,
};
END
	sed 's/weft-replay/weft-example/' man/weft.1 >man/weft-example.1
}

add_request() {
	cat >user/agent/example.c <<'END'
// SPDX-License-Identifier: BSD-2-Clause
/* example.c - an example of a request. */
#include "agent/request.h"

static json_t *answer(const struct wf_request_env *env, const json_t *request,
		      struct wf_control_error *ret_error)
{
	return json_string("an example");
}

const struct wf_request wf_request_example = {
	.name = "example",
	.help = "an example of a request",
	.answer = answer,
};
END
	sed -i -E 's/^\tREQUEST\(stats\) +\\/\tREQUEST(example) \\\n&/' user/agent/requests.c
}

add_cleanup_task() {
	sed -i 's/^struct task {/static uint64_t example_task(struct wf_pressure_actions *actions)\n{\n\treturn 0;\n}\n\n&/
		s/^\t{"idle page caches",/\t{"example task", example_task, 0, 0},\n&/' user/worker/cleanup_tasks.c
}

change an_option 1 add_option
change a_metric 1 add_metric
change a_counter_of_the_xdp_program 2 add_kernel_counter # the table, and the program that counts
change a_gap_cause 1 add_gap_cause
change an_anomaly 1 add_anomaly
change a_close_reason 1 add_close_reason
change an_overlap_policy 2 add_overlap_policy
change a_tunnel 2 add_tunnel
change an_output 2 add_output
change a_command 2 add_command
change a_request 2 add_request
change a_cleanup_task 1 add_cleanup_task

check the_tree_with_all_examples_builds make -j2 all build/libapp.a build/man/weft.conf.5 || finish

cat >"$work/example.c" <<'END'
#include <stdio.h>
#include <unistd.h>

#include <weft/weft.h>

#include "agent/requests.h"
#include "sink/registry.h"

int main(void)
{
	struct wf_control_error error;
	struct weft *weft;
	json_t *help = wf_requests_answer("help", NULL, &error, NULL);

	printf("request %s\n", json_string_value(json_object_get(help, "example")));
	json_decref(help);
	printf("sink %s\n", wf_sink_class_find("example") ? "example" : "none");
	printf("names %s %s %s\n", weft_gap_cause_name(WEFT_GAP_EXAMPLE),
	       weft_anomaly_name(WEFT_ANOMALY_EXAMPLE), weft_close_reason_name(WEFT_CLOSE_EXAMPLE));
	if (weft_new(NULL, &weft) || weft_add_submit(weft, NULL) || weft_start(weft))
		return 1;
	weft_stats_prometheus(weft, stdout);
	weft_stop(weft);
	weft_wait(weft, -1);
	weft_free(weft);
	return 0;
}
END
libs=$(sed -nE 's/^(LIB|APP)_LIBS := //p' Makefile | tr '\n' ' ')
# shellcheck disable=SC2086
check a_program_that_uses_the_examples_links gcc -std=gnu11 -D_GNU_SOURCE -Iinclude -Iuser -I. -Ibuild \
	-o "$work/example" "$work/example.c" build/libapp.a build/libweft.a -pthread $libs
"$work/example" >"$work/example.out" 2>&1

cat >"$work/tunnel.py" <<'END'
import struct, sys

def ipv4(proto, payload):
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0,
                       b"\x0a\0\0\1", b"\x0a\0\0\2") + payload

tcp = struct.pack(">HHIIBBHHH", 1025, 80, 1000, 1, 0x50, 0x18, 8192, 0, 0) + b"through the tunnel"
frame = b"\0" * 12 + b"\x08\0" + ipv4(253, ipv4(6, tcp))
sys.stdout.buffer.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) +
                        struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame)
END
python3 "$work/tunnel.py" >"$work/tunnel.pcap"

# says PATTERN COMMAND...: the output of COMMAND has a line that matches PATTERN.
says() { "${@:2}" 2>&1 | grep -qE -- "$1"; }
# refuses PATTERN COMMAND...: COMMAND exits with status 2 and prints PATTERN.
refuses() {
	"${@:2}" >"$work/said" 2>&1
	[ $? -eq 2 ] && grep -qE -- "$1" "$work/said"
}
has() { grep -qE -- "$1" "$work/example.out"; }

weft=build/weft
check the_option_is_shown_with_its_default says 'example: 3' $weft config show
check the_option_has_its_range refuses '0 to 9' $weft replay "$work/tunnel.pcap" --set capture.example=10
check the_option_is_in_the_help says '--example N.*number of examples' $weft replay --help
check the_option_is_in_the_manual grep -qi 'number of examples' build/man/weft.conf.5
check the_metric_is_rendered has '^weft_example_things_total\{kind="example"\} 0'
check the_kernel_counter_is_in_the_program says 'example' llvm-objdump -d -S build/bpf/steer.bpf.o
check the_gap_cause_has_name_and_metric has '^weft_gaps_total\{cause="example_cause"\} 0'
check the_anomaly_has_name_and_metric has '^weft_anomalies_total\{kind="example_anomaly"\} 0'
check the_close_reason_has_name_and_metric has '^weft_connections_closed_total\{reason="example_reason"\} 0'
check all_three_have_their_names has '^names example_cause example_anomaly example_reason$'
check the_policy_can_be_chosen $weft replay "$work/tunnel.pcap" --overlap example --quiet
check the_tunnel_is_followed says '1 connection, 18 stream bytes' $weft replay "$work/tunnel.pcap" --checksum ignore
check the_output_is_registered has '^sink example$'
check the_command_runs says 'an example ran' $weft example
check the_command_is_listed says 'an example of a command' $weft help
check the_request_is_listed has '^request an example of a request$'
check the_cleanup_task_is_registered has 'weft_cleanup_runs_total\{task="example task"\}'
finish
