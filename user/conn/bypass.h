/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shunt.h - has the kernel keep back the data of a direction that is not wanted any more.
 *
 *   depth reached, or by hand ─► wish ──after the batch──► verdict in the kernel's flow map
 *                                                           │ data: counted there, not steered
 *   FIN, RST, the other side's acknowledgements still come ◄┘
 *
 * The stream's progress is then followed by the acknowledgements; where these are kept
 * back too (both directions), the kernel's counts tell which of the sequence numbers
 * that are 4 GiB apart a FIN means. What the kernel kept is added to the flow's record.
 *
 * The kernel forgets the least recently used flows, and their verdicts with them. Data of
 * a direction that was shunted tells: then the verdict is set again, and counted.
 *
 * Bound: WF_SHUNT_WISHES wait; before there are more they are carried out.
 * Thread: the worker. A system call for each direction that is shunted, and one when such
 * a flow ends.
 */
#ifndef WF_CONN_SHUNT_H
#define WF_CONN_SHUNT_H

#include <stdint.h>

#include <weft/flow.h>

#include "capture/live/iface.h"
#include "packet/packet.h"

struct wf_conns;
struct wf_flow;

enum { WF_SHUNT_WISHES = 64 };

struct wf_shunt_wish {
	struct wf_flow_key key;
	uint32_t hash;
	uint64_t id; /* of the flow; another one on the same key has not wished for it */
	enum weft_dir dir;
};

struct wf_shunts {
	/* wf_iface_set_verdict() on whatever interfaces there are. */
	int (*set)(void *ctx, const struct wf_flow_key *key, const enum wf_verdict verdict[2],
		   struct wf_kept *ret_kept);
	void *ctx;
	uint32_t count;
	struct wf_shunt_wish wishes[WF_SHUNT_WISHES];
};

/* @dir of @flow has delivered all that is wanted of it. */
void wf_shunt_wish(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir);

/* Carry out what was wished for; after each batch. */
void wf_shunt_flush(struct wf_conns *conns);

/* A segment came of @dir, which is shunted or was: late or steered again data, FIN or RST. */
void wf_shunt_segment(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		      const struct wf_packet *packet);

/* Is @flow, from which nothing has come for so long, busy in the kernel? Its last_ns follows. */
bool wf_shunt_is_busy(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* @flow, some of which is shunted, ends: count what the kernel kept of it. */
void wf_shunt_settle(struct wf_conns *conns, struct wf_flow *flow);

/*
 * By hand. @verdict: STEER, SHUNT or PASS, for the directions in @dirs (1u << enum weft_dir).
 * Return: 0; -ENOENT: the kernel knows no such flow; -EALREADY: STEER for what is beyond the
 * depth limit; -ENOMEM.
 */
int wf_shunt_by_hand(struct wf_conns *conns, struct wf_flow *flow, unsigned int dirs,
		     enum wf_verdict verdict, uint64_t now_ns);

#endif
