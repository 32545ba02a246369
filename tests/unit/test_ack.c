// SPDX-License-Identifier: BSD-2-Clause
/* Tests of sink/nats/ack.c: subjects of answers, and answers as JetStream writes them. */
#include "unit/support/test.h"

#include <string.h>

#include "sink/nats/ack.h"

static struct wf_ack parse(const char *body)
{
	struct wf_ack ack;

	wf_ack_parse(body, strlen(body), &ack);
	return ack;
}

TEST(ack_subject_round_trip)
{
	char inbox[WF_ACK_INBOX_BYTES], subject[WF_ACK_SUBJECT_BYTES];
	struct wf_window_id id;

	wf_ack_inbox_new(inbox);
	wf_ack_subject(inbox, (struct wf_window_id){257, UINT32_MAX}, subject);
	assert_true(wf_ack_subject_parse(subject, inbox, &id));
	assert_int_equal(id.slot, 257);
	assert_true(id.use == UINT32_MAX);
}

TEST(ack_subject_of_another_form_is_rejected)
{
	static const char *const bad[] = {
		"_INBOX.b.1.2", "_INBOX.a",	"_INBOX.a.",	 "_INBOX.a.1",
		"_INBOX.a.1.x", "_INBOX.a.x.2", "_INBOX.a.1.2.", "_INBOX.a.99999999999.2",
		"_INBOX.a..2",	"_INBOX.a.1.",	"_INBOX.a.-1.2", "_INBOX.a.1.4294967296",
	};
	struct wf_window_id id;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (wf_ack_subject_parse(bad[i], "_INBOX.a", &id))
			fail_msg("accepted: %s", bad[i]);
}

TEST(ack_inboxes_differ)
{
	char a[WF_ACK_INBOX_BYTES], b[WF_ACK_INBOX_BYTES];

	wf_ack_inbox_new(a);
	wf_ack_inbox_new(b);
	assert_string_not_equal(a, b);
}

TEST(ack_of_stored_message_is_recognised)
{
	assert_int_equal(parse("{\"stream\":\"WEFT\", \"seq\":17}").kind, WF_ACK_STORED);
	assert_int_equal(
		parse("{\"stream\":\"S\",\"domain\":\"d\",\"seq\": 5,\"duplicate\": true}").kind,
		WF_ACK_STORED);
}

TEST(ack_with_error_is_a_rejection)
{
	struct wf_ack ack = parse("{\"error\":{\"code\":503,\"err_code\":10077,\"description\":"
				  "\"maximum messages exceeded\"},\"stream\":\"WEFT\",\"seq\":0}");

	assert_int_equal(ack.kind, WF_ACK_REJECTED);
	assert_int_equal(ack.code, 10077);
	assert_string_equal(ack.reason, "maximum messages exceeded");
}

TEST(ack_of_message_that_is_too_long_is_final)
{
	struct wf_ack ack = parse("{\"error\":{\"code\":400,\"err_code\":10054,\"description\":"
				  "\"message size exceeds maximum allowed\"}}");

	assert_int_equal(ack.kind, WF_ACK_REFUSED);
}

TEST(ack_of_anything_else_is_a_rejection)
{
	static const char *const bodies[] = {
		"",
		"+OK",
		"{",
		"{}",
		"\"seq\":3",
		"{\"seq\":0}",
		"{\"seq\":-1}",
		"{\"seq\":1x}",
		"{\"error\":1,\"seq\":4}",
	};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct wf_ack ack = parse(bodies[i]);

		if (ack.kind != WF_ACK_REJECTED || !ack.reason[0])
			fail_msg("kind %d of '%s'", ack.kind, bodies[i]);
	}
}
