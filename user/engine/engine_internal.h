/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_internal.h - the engine's body, for engine.c, setup.c and their tests.
 */
#ifndef WF_ENGINE_ENGINE_INTERNAL_H
#define WF_ENGINE_ENGINE_INTERNAL_H

#include "bpf/hash.h"
#include "engine/engine.h"
#include "engine/reader.h"
#include "engine/upkeep_thread.h"
#include "engine/submit.h"
#include "engine/worker.h"
#include "flow/claims.h"

struct wf_arena;
struct wf_iface;
struct wf_pcap_filter;

/* An interface as asked for, until wf_engine_start() opens it. */
struct wf_engine_iface {
	char *name;			 /* owned */
	struct weft_interface_opts opts; /* arrays owned */
	struct wf_iface *iface;		 /* owned, NULL before start */
};

/* Thread: main; counters and flags as told. */
struct wf_engine {
	struct weft_opts opts;
	struct weft_hash_secret secret;
	struct wf_arena *arena;	       /* owned */
	struct wf_pcap_filter *filter; /* owned, NULL: everything */
	struct wf_engine_iface ifaces[WEFT_INTERFACES_MAX];
	uint32_t ifaces_count;
	char *file_path;			       /* owned, NULL: live */
	struct wf_source *file;			       /* owned, NULL before start */
	struct wf_page_pool *reader_pages;	       /* owned, NULL unless a reader thread runs */
	struct weft_sub *subs[WEFT_SUBSCRIPTIONS_MAX]; /* owned */
	uint32_t subs_count;
	struct wf_crew crew;
	struct wf_reader reader;
	struct wf_engine_upkeep *upkeep; /* owned; kept after its thread, for what it counted */
	struct wf_waiter stop_waiter;	 /* wf_engine_wait() sleeps on it */
	struct wf_submit submit;
	struct wf_claims claims;    /* checks are on: who has which flow */
	uint64_t submit_ring_bytes; /* 0: nothing is submitted */
	_Atomic bool stop_asked;
	bool is_started;
	bool is_detached;
};

/* Does time go on without packets? */
static inline bool wf_engine_is_live(const struct wf_engine *engine)
{
	return engine->ifaces_count || engine->submit.live;
}

/* setup.c: everything that start() makes before threads run, and its undoing. */
int wf_engine_setup(struct wf_engine *engine);
void wf_engine_teardown(struct wf_engine *engine);

#endif
