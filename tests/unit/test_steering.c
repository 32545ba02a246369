// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of engine/steering.c: steering by queue is chosen only if it is possible; if it was
 * requested and is not possible, the reason is reported.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <string.h>

#include "engine/ifaces.h"
#include "engine/steering.h"
#include "packet/flow_key.h"

/* The loopback device has one receive queue and does not report its hash. */
static struct wf_ifaces ifaces;
static struct wf_steering steering;
static uint32_t workers_count;
static const struct weft_hash_secret secret = {{1, 2, 3, 4}};

static void begin(uint32_t workers, enum weft_nic_hash how)
{
	memset(&ifaces, 0, sizeof(ifaces));
	memset(&steering, 0, sizeof(steering));
	workers_count = workers;
	ifaces.list[0].name = "lo";
	ifaces.list[0].opts.mode = WEFT_MODE_TAP;
	ifaces.list[0].opts.nic_hash = how;
	ifaces.count = 1;
}

TEST(steering_auto_by_hash_where_the_nic_does_not_report_its_hash)
{
	for (uint32_t workers = 1; workers < 4; workers++) {
		begin(workers, WEFT_NIC_HASH_AUTO);
		assert_int_equal(wf_steering_choose(&steering, &ifaces, workers_count), 0);
		assert_false(steering.by_queue);
		assert_null(wf_steering_rss(&steering));
	}
}

TEST(steering_on_takes_one_queue_for_one_worker)
{
	struct weft_flow_key key;
	uint32_t hash;

	memset(&key, 7, sizeof(key));
	begin(1, WEFT_NIC_HASH_ON);
	hash = wf_steering_flow_hash(&steering, &secret, &key);
	assert_int_equal(hash, wf_flow_key_hash(&secret, &key));
	assert_int_equal(wf_steering_choose(&steering, &ifaces, workers_count), 0);
	assert_true(steering.by_queue);
	assert_ptr_equal(wf_steering_rss(&steering), &steering.rss);
	assert_int_equal(wf_steering_flow_hash(&steering, &secret, &key),
			 wf_rss_place(&steering.rss, &key, hash));
}

TEST(steering_on_is_refused_where_it_does_not_fit)
{
	begin(2, WEFT_NIC_HASH_ON); /* the device has one queue */
	assert_int_equal(wf_steering_choose(&steering, &ifaces, workers_count), -EINVAL);
	begin(1, WEFT_NIC_HASH_ON);
	ifaces.list[0].opts.mode = WEFT_MODE_HOST;
	assert_int_equal(wf_steering_choose(&steering, &ifaces, workers_count), -EINVAL);
	begin(1, WEFT_NIC_HASH_AUTO);
	ifaces.list[1] = ifaces.list[0];
	ifaces.list[1].opts.nic_hash = WEFT_NIC_HASH_ON;
	ifaces.count = 2;
	assert_int_equal(wf_steering_choose(&steering, &ifaces, workers_count), -EINVAL);
	assert_false(steering.by_queue);
}

TEST(steering_off_is_by_hash)
{
	begin(1, WEFT_NIC_HASH_OFF);
	assert_int_equal(wf_steering_choose(&steering, &ifaces, workers_count), 0);
	assert_false(steering.by_queue);
}

TEST(steering_of_files_and_submitted_packets_is_by_hash)
{
	begin(3, WEFT_NIC_HASH_AUTO);
	ifaces.count = 0;
	assert_int_equal(wf_steering_choose(&steering, &ifaces, workers_count), 0);
	assert_false(steering.by_queue);
}
