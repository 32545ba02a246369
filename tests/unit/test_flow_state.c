// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_flow_state.c - the state of the server's TCP follows from the FINs and acknowledgements that
 * were seen.
 */
#include "unit/support/test.h"

#include "flow/flow.h"
#include "packet/packet.h"

#define FIN	  WF_TCP_KNOWS_FIN
#define ACKED_FIN (WF_TCP_KNOWS_FIN | WF_TCP_FIN_ACKED)

/* @client, @server: WF_TCP_ flags that record the FIN of this side and its acknowledgement. */
static enum weft_tcp_state state_of(uint16_t client, uint16_t server)
{
	struct wf_flow flow = {0};

	flow.tcp.dir[WEFT_TO_SERVER].flags = client;
	flow.tcp.dir[WEFT_TO_CLIENT].flags = server;
	return wf_flow_tcp_state(&flow);
}

TEST(tcp_state_while_the_client_closes_first)
{
	assert_int_equal(state_of(0, 0), WEFT_TCP_ESTABLISHED);
	assert_int_equal(state_of(FIN, 0), WEFT_TCP_CLOSE_WAIT);
	assert_int_equal(state_of(ACKED_FIN, 0), WEFT_TCP_CLOSE_WAIT);
	assert_int_equal(state_of(ACKED_FIN, FIN), WEFT_TCP_LAST_ACK);
	assert_int_equal(state_of(ACKED_FIN, ACKED_FIN), WEFT_TCP_CLOSED);
}

TEST(tcp_state_while_the_server_closes_first)
{
	assert_int_equal(state_of(0, FIN), WEFT_TCP_FIN_WAIT1);
	assert_int_equal(state_of(0, ACKED_FIN), WEFT_TCP_FIN_WAIT2);
	assert_int_equal(state_of(FIN, ACKED_FIN), WEFT_TCP_TIME_WAIT);
}

TEST(tcp_state_while_both_close_at_once)
{
	assert_int_equal(state_of(FIN, FIN), WEFT_TCP_CLOSING);
}

TEST(tcp_state_after_a_reset_is_closed)
{
	struct wf_flow flow = {.flags = WF_FLOW_CLOSED};

	assert_int_equal(wf_flow_tcp_state(&flow), WEFT_TCP_CLOSED);
}

TEST(tcp_state_before_the_handshake_ends)
{
	struct wf_flow flow = {.flags = WF_FLOW_NEW, .tcp_flags = {WF_TCP_SYN, 0}};

	assert_int_equal(wf_flow_tcp_state(&flow), WEFT_TCP_SYN_SENT);
	flow.tcp_flags[WEFT_TO_CLIENT] = WF_TCP_SYN | WF_TCP_ACK;
	assert_int_equal(wf_flow_tcp_state(&flow), WEFT_TCP_SYN_RECV);
}
