// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of capture/live/bpf_load.c: if the verifier rejects a program, the error names the program
 * and a remedy; --verbose also prints the last lines of the verifier's log. Needs root; skipped
 * otherwise.
 */
#include "unit/support/test.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weft/log.h>

#include "bpf/hash.h"
#include "capture/live/bpf_load.h"
#include "bpf/shared.h"
#include "skel/steer.skel.h"

static struct {
	char error[512];
	unsigned int errors;
	unsigned int lines;
	bool has_verifier_summary;
} logged;

static void take_log(enum weft_log_level level, const char *message, void *ctx)
{
	if (level == WEFT_LOG_ERROR) {
		logged.errors++;
		snprintf(logged.error, sizeof(logged.error), "%s", message);
	} else if (level == WEFT_LOG_DEBUG) {
		logged.lines++;
		logged.has_verifier_summary |= !!strstr(message, "processed ");
	}
}

static struct steer_bpf *open_steer(void)
{
	struct steer_bpf *skel = steer_bpf__open();

	assert_non_null(skel);
	memset(&logged, 0, sizeof(logged));
	weft_log_set(take_log, NULL);
	return skel;
}

static int teardown(void **state)
{
	weft_log_set(NULL, NULL);
	return 0;
}

TEST_WITH(load_of_a_good_program_is_silent, NULL, teardown)
{
	struct steer_bpf *skel;

	if (geteuid() != 0)
		skip();
	skel = open_steer();
	assert_int_equal(wf_bpf_load(skel->skeleton), 0);
	assert_int_equal(logged.errors, 0);
	steer_bpf__destroy(skel);
}

/*
 * The verifier rejects weft_steer as a socket filter, because a socket filter may not read the
 * fields of an XDP program's context.
 */
TEST_WITH(load_of_a_rejected_program_names_it_and_shows_the_log, NULL, teardown)
{
	struct steer_bpf *skel;

	if (geteuid() != 0)
		skip();
	skel = open_steer();
	bpf_program__set_type(skel->progs.weft_steer, BPF_PROG_TYPE_SOCKET_FILTER);
	bpf_program__set_expected_attach_type(skel->progs.weft_steer, 0);
	bpf_program__set_flags(skel->progs.weft_steer, 0);
	assert_true(wf_bpf_load(skel->skeleton) < 0);
	assert_int_equal(logged.errors, 1);
	assert_non_null(strstr(logged.error, "rejected the BPF program weft_steer"));
	assert_non_null(strstr(logged.error, "'weft doctor'"));
	assert_non_null(strstr(logged.error, "'weft run --verbose'"));
	assert_true(logged.has_verifier_summary);
	steer_bpf__destroy(skel);
}

TEST_WITH(load_without_room_for_maps_blames_no_program, NULL, teardown)
{
	struct steer_bpf *skel;

	if (geteuid() != 0)
		skip();
	skel = open_steer();
	bpf_map__set_max_entries(skel->maps.weft_flows, UINT32_MAX);
	assert_true(wf_bpf_load(skel->skeleton) < 0);
	assert_int_equal(logged.errors, 1);
	assert_non_null(strstr(logged.error, "can't create the BPF maps"));
	steer_bpf__destroy(skel);
}
