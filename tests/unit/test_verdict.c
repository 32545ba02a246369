// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_verdict.c - the verdict on a sender depends on the numbers of its right and wrong segments.
 */
#include "unit/support/test.h"

#include "senders/verdict.h"

struct row {
	const char *seen; /* a, d: right segments without and with data; x, X: wrong segments */
	enum wf_sender_verdict early;
	enum wf_sender_verdict final;
};

static const struct row rows[] = {
	{"x", WF_SENDER_UNDECIDED, WF_SENDER_BELIEVED},
	{"xXX", WF_SENDER_UNDECIDED, WF_SENDER_BELIEVED},
	{"xxXX", WF_SENDER_BELIEVED, WF_SENDER_BELIEVED},
	/* one right checksum among many wrong ones may be a coincidence */
	{"ax", WF_SENDER_UNDECIDED, WF_SENDER_RIGHT},
	{"axxxxxx", WF_SENDER_UNDECIDED, WF_SENDER_RIGHT},
	{"axxxxxxx", WF_SENDER_BELIEVED, WF_SENDER_BELIEVED},
	{"dX", WF_SENDER_UNDECIDED, WF_SENDER_RIGHT},
	{"aax", WF_SENDER_RIGHT, WF_SENDER_RIGHT},
	{"adX", WF_SENDER_RIGHT, WF_SENDER_RIGHT},
	{"ddXXXXXXXXXX", WF_SENDER_RIGHT, WF_SENDER_RIGHT},
	/* the payload was rewritten, the other segments were not */
	{"aaX", WF_SENDER_UNDECIDED, WF_SENDER_RIGHT},
	{"aaXX", WF_SENDER_UNDECIDED, WF_SENDER_RIGHT},
	{"aaaaaaXXX", WF_SENDER_BELIEVED, WF_SENDER_BELIEVED},
	{"aadXXXX", WF_SENDER_RIGHT, WF_SENDER_RIGHT},
};

static struct wf_sender_counts counts_of(const char *seen)
{
	struct wf_sender_counts counts = {{0}, {0}};

	for (; *seen; seen++) {
		bool has_data = *seen == 'd' || *seen == 'X';

		if (*seen == 'x' || *seen == 'X')
			counts.wrong[has_data]++;
		else
			counts.right[has_data]++;
	}
	return counts;
}

TEST(verdict_follows_the_table)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct wf_sender_counts counts = counts_of(rows[i].seen);

		print_message("%s\n", rows[i].seen);
		assert_int_equal(wf_sender_judge(&counts, false, false), rows[i].early);
		assert_int_equal(wf_sender_judge(&counts, true, false), rows[i].final);
	}
}

/* A lone wrong segment of an address that is right elsewhere was damaged. */
TEST(verdict_of_few_wrong_segments_follows_the_address)
{
	const struct wf_sender_counts lone = counts_of("X");
	const struct wf_sender_counts many = counts_of("XXXX");

	assert_int_equal(wf_sender_judge(&lone, true, true), WF_SENDER_RIGHT);
	assert_int_equal(wf_sender_judge(&lone, false, true), WF_SENDER_UNDECIDED);
	assert_int_equal(wf_sender_judge(&many, true, true), WF_SENDER_BELIEVED);
}
