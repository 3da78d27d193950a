/* A zone's state as the database has it: whoever damaged it, nothing decides on what is not there.
 */
#include "tests/fuzz/fuzz.h"
#include "agentd/decide.h"
#include "libmsig/err.h"

#define NOW INT64_C(1700000000000)

static struct zone_view *
view_of(const uint8_t *data, size_t len, int *ret)
{
	static const uint8_t id[16] = {9};
	struct zone_view *view = view_new("shop.example.", "msa.p1.", &view_times_default, id, id);

	HOLDS(view != NULL);
	*ret = view_decode(view, data, len, NOW);
	return view;
}

/* It moves on from what was read: alone, and after each word of an operator. */
static void
go_on(struct zone_view *view)
{
	static const enum view_command said[] = {VIEW_PAUSE, VIEW_RESUME, VIEW_ABORT};
	struct plan *plan = calloc(1, sizeof(*plan));

	HOLDS(plan != NULL);
	view->overlay_known = true;
	for (int64_t i = 0; i < 4; i++) {
		decide(view, NOW + i * 1000 * 3600, plan);
		if (i < 3)
			(void)view_on_command(view, said[i]);
	}
	free(plan);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *blob, *again;
	size_t size, size2;
	struct zone_view *view;
	int ret;

	view = view_of(data, len, &ret);
	if (ret != 0) {
		HOLDS(ret == MSIG_EDBNEWER || (ret == MSIG_EDB && view->misfit != NULL));
		view_free(view);
		return 0;
	}
	/* What was read is written, and reads as the same. */
	HOLDS(view_encode(view, &blob, &size) == 0);
	view_free(view);
	view = view_of(blob, size, &ret);
	HOLDS(ret == 0 && view_encode(view, &again, &size2) == 0);
	HOLDS(size == size2 && memcmp(blob, again, size) == 0);
	free(blob);
	free(again);
	go_on(view);
	/* What was made of it is readable, too. */
	HOLDS(view_encode(view, &blob, &size) == 0);
	view_free(view);
	view = view_of(blob, size, &ret);
	HOLDS(ret == 0);
	free(blob);
	view_free(view);
	return 0;
}
