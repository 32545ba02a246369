// SPDX-License-Identifier: BSD-2-Clause
/*
 * feed.c - reads the states of sensors through two subscriptions: the first one gets the last
 * message of each subject, the second one all messages of the last opts->recent_sec seconds, and
 * later ones. JetStream removes the consumer of each when the subscription ends.
 */
#include "fleet/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_SEC 1000000000ll

enum { REQUEST_MS = 5000, FIRST_MS = 2000 };

struct wf_fleet_feed {
	natsConnection *connection; /* owned */
	jsCtx *js;		    /* owned */
	natsSubscription *sub;	    /* owned: the second subscription */
};

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static natsStatus subscribe(struct wf_fleet_feed *feed, const struct wf_fleet_feed_opts *opts,
			    jsDeliverPolicy policy, natsSubscription **ret_sub)
{
	jsSubOptions options;
	natsStatus status;

	jsSubOptions_Init(&options);
	options.Stream = opts->stream;
	options.Config.DeliverPolicy = policy;
	options.Config.AckPolicy = js_AckNone;
	if (policy == js_DeliverByStartTime)
		options.Config.OptStartTime =
			nats_NowInNanoSeconds() - opts->recent_sec * NS_PER_SEC;
	status = js_SubscribeSync(ret_sub, feed->js, WF_BUS_STATS_SUBJECTS, NULL, &options, NULL);
	return status ? status
		      : natsSubscription_SetPendingLimits(*ret_sub, -1, opts->pending_bytes);
}

/*
 * Return true if libnats left out states because too many waited. This is no failure: each sensor
 * sends its state again at its interval.
 */
static bool is_left_out(natsStatus status)
{
	return status == NATS_SLOW_CONSUMER;
}

/* Take @msg into @fleet. *@ret_pending: number of messages that the server sends after it. */
static void take(struct wf_fleet *fleet, natsMsg *msg, uint64_t *ret_pending)
{
	jsMsgMetaData *meta = NULL;

	*ret_pending = 0;
	if (natsMsg_GetMetaData(&meta, msg) == NATS_OK) {
		*ret_pending = meta->NumPending;
		wf_fleet_take(fleet, natsMsg_GetSubject(msg), natsMsg_GetData(msg),
			      (size_t)natsMsg_GetDataLength(msg), meta->Timestamp);
	}
	jsMsgMetaData_Destroy(meta);
	natsMsg_Destroy(msg);
}

/*
 * Take the messages that the server has now, until REQUEST_MS have passed or none arrives within
 * FIRST_MS. Each message shows how many follow it.
 */
static natsStatus take_waiting(struct wf_fleet *fleet, natsSubscription *sub)
{
	int64_t end_ms = clock_ms() + REQUEST_MS;
	jsConsumerInfo *info = NULL;
	uint64_t pending = 1;
	natsStatus status = natsSubscription_GetConsumerInfo(&info, sub, NULL, NULL);

	if (status == NATS_OK)
		pending = info->NumPending + info->Delivered.Consumer;
	jsConsumerInfo_Destroy(info);
	while (status == NATS_OK && pending && clock_ms() < end_ms) {
		natsMsg *msg = NULL;

		status = natsSubscription_NextMsg(&msg, sub, FIRST_MS);
		if (status == NATS_OK)
			take(fleet, msg, &pending);
		else if (is_left_out(status))
			status = NATS_OK;
	}
	return status == NATS_TIMEOUT ? NATS_OK : status;
}

static natsStatus begin(struct wf_fleet_feed *feed, const struct wf_fleet_feed_opts *opts,
			struct wf_fleet *fleet)
{
	natsSubscription *last = NULL;
	jsOptions options;
	natsStatus status;

	jsOptions_Init(&options);
	options.Wait = REQUEST_MS;
	status = natsConnection_JetStream(&feed->js, feed->connection, &options);
	if (status == NATS_OK)
		status = subscribe(feed, opts, js_DeliverLastPerSubject, &last);
	if (status == NATS_OK)
		status = take_waiting(fleet, last);
	natsSubscription_Destroy(last);
	/*
	 * The second subscription delivers recent states in order, and wf_fleet_take() ignores a
	 * state that is older than the one in the table. So mark the last states as old, if they
	 * are recent: then the states before them are taken, too.
	 */
	for (size_t i = 0; i < fleet->count; i++)
		if (status == NATS_OK && nats_NowInNanoSeconds() - fleet->sensors[i].heard_ns <
						 opts->recent_sec * NS_PER_SEC)
			fleet->sensors[i].heard_ns = 0;
	if (status == NATS_OK)
		status = subscribe(feed, opts, js_DeliverByStartTime, &feed->sub);
	return status ? status : take_waiting(fleet, feed->sub);
}

int wf_fleet_feed_open(struct wf_bus *bus, const struct wf_fleet_feed_opts *opts,
		       struct wf_fleet *fleet, struct wf_fleet_feed **ret_feed, char *ret_error)
{
	struct wf_fleet_feed *feed = calloc(1, sizeof(*feed));
	natsStatus status;
	int err;

	if (!feed)
		return -ENOMEM;
	err = wf_bus_connect(bus, &feed->connection, ret_error);
	if (!err) {
		status = begin(feed, opts, fleet);
		if (status != NATS_OK) {
			wf_bus_error(status, ret_error);
			err = -EAGAIN;
		}
	}
	if (err) {
		wf_fleet_feed_close(feed);
		return err;
	}
	*ret_feed = feed;
	return 0;
}

int wf_fleet_feed_wait(struct wf_fleet_feed *feed, struct wf_fleet *fleet, int64_t ms,
		       char *ret_error)
{
	int64_t end_ms = clock_ms() + ms;

	while (clock_ms() < end_ms) {
		natsMsg *msg = NULL;
		uint64_t pending;
		natsStatus status = natsSubscription_NextMsg(&msg, feed->sub, end_ms - clock_ms());

		if (status == NATS_OK) {
			take(fleet, msg, &pending);
		} else if (status != NATS_TIMEOUT && !is_left_out(status)) {
			wf_bus_error(status, ret_error);
			return -ECONNRESET;
		}
	}
	return 0;
}

void wf_fleet_feed_close(struct wf_fleet_feed *feed)
{
	if (!feed)
		return;
	natsSubscription_Destroy(feed->sub);
	jsCtx_Destroy(feed->js);
	natsConnection_Destroy(feed->connection);
	free(feed);
}
