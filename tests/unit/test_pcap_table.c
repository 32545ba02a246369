// SPDX-License-Identifier: BSD-2-Clause
/* test_pcap_table.c - compares the table with a plain list in order of use. */
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "pcap/pcap_table.h"

enum { MAX = 20, IDS = 50 };

/* The ids in the table, the oldest first. */
struct model {
	uint64_t ids[MAX];
	int count;
};

static void model_remove(struct model *model, uint64_t id)
{
	for (int i = 0; i < model->count; i++)
		if (model->ids[i] == id) {
			memmove(&model->ids[i], &model->ids[i + 1],
				sizeof(id) * (size_t)(model->count - i - 1));
			model->count--;
			return;
		}
}

static void model_use(struct model *model, uint64_t id)
{
	model_remove(model, id);
	model->ids[model->count++] = id;
}

static bool model_has(const struct model *model, uint64_t id)
{
	for (int i = 0; i < model->count; i++)
		if (model->ids[i] == id)
			return true;
	return false;
}

static void assert_oldest(struct wf_pcap_table *table, const struct model *model)
{
	struct wf_pcap_conn *oldest = wf_pcap_table_oldest(table);

	if (!model->count)
		assert_null(oldest);
	else
		assert_int_equal(oldest->flow.id, model->ids[0]);
}

/* Uses the entry of @id; adds it if there is none, or removes the oldest one if the table is full.
 */
static void touch(struct wf_pcap_table *table, struct model *model, uint64_t id)
{
	struct wf_pcap_conn *conn = wf_pcap_table_use(table, id);

	assert_int_equal(conn != NULL, model_has(model, id));
	if (!conn) {
		conn = wf_pcap_table_add(table, &(struct weft_flow){.id = id});
		assert_int_equal(conn != NULL, model->count < MAX);
	}
	if (!conn) {
		model_remove(model, wf_pcap_table_oldest(table)->flow.id);
		wf_pcap_table_remove(table, wf_pcap_table_oldest(table));
		return;
	}
	assert_int_equal(conn->flow.id, id);
	model_use(model, id);
}

TEST(pcap_table_random_use_equals_the_model)
{
	struct wf_pcap_table table;
	struct model model = {.count = 0};
	unsigned int seed = 1;

	assert_int_equal(wf_pcap_table_init(&table, MAX), 0);
	for (int i = 0; i < 50000; i++) {
		uint64_t id = 1 + (uint64_t)rand_r(&seed) % IDS;

		if (rand_r(&seed) % 3) {
			touch(&table, &model, id);
		} else if (wf_pcap_table_use(&table, id)) {
			wf_pcap_table_remove(&table, wf_pcap_table_use(&table, id));
			model_remove(&model, id);
		}
		assert_oldest(&table, &model);
	}
	wf_pcap_table_fini(&table);
}

TEST(pcap_table_new_entry_is_zero)
{
	struct wf_pcap_table table;
	struct wf_pcap_conn *conn;

	assert_int_equal(wf_pcap_table_init(&table, 1), 0);
	conn = wf_pcap_table_add(&table, &(struct weft_flow){.id = 7});
	conn->flags = WF_PCAP_BEGUN;
	conn->next_off[1] = 5;
	wf_pcap_table_remove(&table, conn);
	conn = wf_pcap_table_add(&table, &(struct weft_flow){.id = 8});
	assert_int_equal(conn->flags, 0);
	assert_int_equal(conn->next_off[1], 0);
	assert_null(wf_pcap_table_use(&table, 7));
	wf_pcap_table_fini(&table);
}
