/* What strangers send to the process peer: the cheap checks and the answers to what fails. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/daemon/dnsio.h"
#include "transportd/peer/cheap.h"

#define NOW 1800000000ull
#define KEY "ns.msa.p2.example./55085" /* that of the seeds */

static struct peertable table;
static struct budget *budget;

static void
set_up(void)
{
	static char peer[] = "msa.p2.example.", address[] = "192.0.2.1@5399", key[] = KEY,
		    zone[] = "shop.example.";
	char *addresses[] = {address}, *keys[] = {key}, *zones[] = {zone};
	struct msig_msg_PEER_SET set = {
	    .peer = peer, .address = {addresses, 1}, .key = {keys, 1}, .zone = {zones, 1}};
	unsigned skipped;

	HOLDS(peertable_set(&table, &set, &skipped) == 0 && skipped == 0);
	budget = budget_new(4, 0);
}

static void
check_answer(const struct cheap_query *q, const struct cheap_verdict *v)
{
	uint8_t out[512];
	size_t len = cheap_answer(q, v, out, sizeof(out));
	knot_pkt_t *pkt;

	HOLDS(len <= q->len);
	HOLDS(v->drop ? len == 0 : len == 0 || len >= KNOT_WIRE_HEADER_SIZE);
	if (len == 0)
		return;
	HOLDS(knot_wire_get_qr(out) && knot_wire_get_id(out) == knot_wire_get_id(q->wire));
	pkt = knot_pkt_new(out, (uint16_t)len, NULL);
	HOLDS(pkt != NULL && knot_pkt_parse(pkt, 0) == 0);
	knot_pkt_free(pkt);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dnsio_addr source;
	struct cheap_query q = {
	    .wire = data,
	    .len = len,
	    .tcp = true,
	    .source = &source,
	    .now = NOW * 1000,
	    .now_mono = 1000,
	    .window = MSIG_SIG0_WINDOW,
	    .option_code = MSIG_OPTION_CODE,
	    .table = &table,
	};
	struct cheap_verdict verdict;

	if (budget == NULL)
		set_up();
	HOLDS(dnsio_addr_parse("192.0.2.1@40000", 53, &source) == 0);
	q.budget = budget;
	if (cheap_run(&q, &verdict))
		HOLDS(q.peer != NULL && q.pkt != NULL && q.question > 0);
	else
		check_answer(&q, &verdict);
	cheap_clear(&q);
	return 0;
}
