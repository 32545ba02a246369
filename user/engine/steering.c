// SPDX-License-Identifier: BSD-2-Clause
/*
 * steering.c - decides whether packets are steered by queue.
 *
 * Steering by queue requires a single interface, because a flow must have one owner on all
 * interfaces of the engine. Steering by queue is chosen automatically only if the number of queues
 * is a multiple of the number of workers, so that each worker has equally many queues. It is never
 * chosen automatically for a single worker, which owns all queues in any case.
 */
#include "engine/steering.h"

#include <errno.h>

#include "base/log.h"
#include "capture/host/nic_hash.h"
#include "capture/live/iface_mode.h"
#include "engine/ifaces.h"
#include "packet/flow_key.h"
#include "worker/worker.h"

_Static_assert((int)WF_RSS_ENTRIES_MAX >= (int)WF_NIC_ENTRIES_MAX, "every table fits");

enum {
	USUAL_ENTRIES = 128,
	/*
	 * warn if more than 1/MANY_STRAYS of the frames arrived at a worker that does not own their
	 * flow
	 */
	MANY_STRAYS = 10,
};

/*
 * Fill in the usual setting, for a NIC that reports none: the common symmetric key, and queues
 * assigned round-robin.
 */
static void assume(uint32_t queues, struct wf_nic_hash *ret_hash)
{
	ret_hash->queues = queues;
	ret_hash->xfrm = 0;
	ret_hash->key_bytes = WF_RSS_KEY_BYTES;
	for (uint32_t i = 0; i < ret_hash->key_bytes; i++)
		ret_hash->key[i] = i % 2 ? 0x5a : 0x6d;
	ret_hash->entries_count = USUAL_ENTRIES;
	for (uint32_t i = 0; i < ret_hash->entries_count; i++)
		ret_hash->entries[i] = i % queues;
}

static enum wf_rss_input input_of(const struct wf_nic_hash *hash)
{
	if (hash->xfrm & WF_NIC_XFRM_XOR)
		return WF_RSS_XOR;
	return hash->xfrm & WF_NIC_XFRM_OR_XOR ? WF_RSS_OR_XOR : WF_RSS_AS_IS;
}

static void deal_by_queue(struct wf_steering *steering, const struct wf_nic_hash *hash,
			  const bool ports[2], uint32_t workers)
{
	const struct wf_rss_opts opts = {
		.key = hash->key,
		.input = input_of(hash),
		.ports = {ports[0], ports[1]},
		.entries = hash->entries,
		.entries_count = hash->entries_count,
		.workers = workers,
	};

	wf_rss_init(&steering->rss, &opts);
	steering->by_queue = true;
}

/* Return the reason why steering by queue is impossible with any NIC; NULL if it is possible. */
static const char *misfit(const struct wf_ifaces *ifaces, uint32_t workers, uint32_t queues)
{
	if (ifaces->count > 1)
		return "this requires a single interface";
	if (wf_iface_is_host(ifaces->list[0].name, ifaces->list[0].opts.mode))
		return "host mode does not use the receive queues of the NIC";
	if (queues < workers)
		return "there are more workers than queues";
	return NULL;
}

static int reject(const char *ifname, const char *why)
{
	wf_error("capture: %s: capture.nic_hash is on, but %s", ifname, why);
	return -EINVAL;
}

/*
 * Choose steering by queue because the user requires it. A NIC that does not report its hash
 * setting is assumed to be symmetric.
 */
static int choose_on(struct wf_steering *steering, const struct wf_ifaces *ifaces, uint32_t workers,
		     uint32_t queues)
{
	const char *ifname = ifaces->list[0].name;
	const char *why = misfit(ifaces, workers, queues);
	bool ports[2] = {true, true};
	enum wf_nic_symmetry symmetry;
	struct wf_nic_hash hash;
	char advice[384];

	if (why)
		return reject(ifname, why);
	symmetry =
		wf_nic_hash_read(ifname, &hash) ? WF_NIC_UNKNOWN : wf_nic_hash_judge(&hash, ports);
	if (symmetry == WF_NIC_ASYMMETRIC) {
		wf_nic_hash_advise(&hash, ifname, advice, sizeof(advice));
		wf_error(
			"capture: %s: capture.nic_hash is on, but the NIC sends the two directions "
			"of a connection to different queues; to change that: %s",
			ifname, advice);
		return -EOPNOTSUPP;
	}
	if (symmetry == WF_NIC_UNKNOWN) {
		wf_warn("capture: %s: the NIC does not report how it chooses queues; segments that "
			"arrive on an unexpected queue are passed to another worker, which is slow",
			ifname);
		assume(queues, &hash);
		ports[0] = ports[1] = true;
	}
	deal_by_queue(steering, &hash, ports, workers);
	return 0;
}

static void choose_auto(struct wf_steering *steering, const struct wf_ifaces *ifaces,
			uint32_t workers, uint32_t queues)
{
	struct wf_nic_hash hash;
	bool ports[2];

	if (misfit(ifaces, workers, queues) || queues % workers ||
	    wf_nic_hash_read(ifaces->list[0].name, &hash) || hash.queues != queues ||
	    wf_nic_hash_judge(&hash, ports) != WF_NIC_SYMMETRIC)
		return;
	deal_by_queue(steering, &hash, ports, workers);
}

/*
 * Return the nic_hash option for all interfaces: on if it is on for any interface; else off if it
 * is off for any interface; else auto.
 */
static enum weft_nic_hash wanted(const struct wf_ifaces *ifaces)
{
	enum weft_nic_hash most = WEFT_NIC_HASH_AUTO;

	for (uint32_t i = 0; i < ifaces->count; i++)
		if (ifaces->list[i].opts.nic_hash > most)
			most = ifaces->list[i].opts.nic_hash;
	return most;
}

int wf_steering_choose(struct wf_steering *steering, const struct wf_ifaces *ifaces,
		       uint32_t workers)
{
	const struct wf_ifaces_entry *iface = &ifaces->list[0];
	enum weft_nic_hash how = wanted(ifaces);
	uint32_t queues;

	steering->by_queue = false;
	if (!ifaces->count || how == WEFT_NIC_HASH_OFF)
		return 0;
	if (how == WEFT_NIC_HASH_AUTO && workers == 1)
		return 0;
	queues = wf_iface_count_queues(iface->name, iface->opts.mode);
	if (how == WEFT_NIC_HASH_ON)
		return choose_on(steering, ifaces, workers, queues);
	choose_auto(steering, ifaces, workers, queues);
	return 0;
}

void wf_steering_report_strays(const struct wf_steering *steering, const struct wf_crew *crew,
			       const char *ifname)
{
	uint64_t frames = 0, strays = 0;

	for (uint32_t i = 0; steering->by_queue && i < crew->count; i++) {
		const struct wf_metrics *metrics = &crew->workers[i].metrics;

		frames += wf_metric_get(metrics, frames);
		strays += wf_metric_get(metrics, frames_handed_off_frames);
	}
	if (strays > frames / MANY_STRAYS)
		wf_warn("capture: %s: %llu of %llu segments arrived on a queue of a worker that "
			"does not own their connection and were passed on to another worker; "
			"capture.nic_hash \"off\" would be faster",
			ifname, (unsigned long long)strays, (unsigned long long)frames);
}

const struct wf_rss *wf_steering_rss(const struct wf_steering *steering)
{
	return steering->by_queue ? &steering->rss : NULL;
}

uint32_t wf_steering_flow_hash(const struct wf_steering *steering,
			       const struct weft_hash_secret *secret,
			       const struct weft_flow_key *key)
{
	uint32_t hash = wf_flow_key_hash(secret, key);

	return steering->by_queue ? wf_rss_place(&steering->rss, key, hash) : hash;
}
