/* Messages of peers, up to the statement in them; the first octet selects the layout. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/peermsg.h"
#include "libmsig/statement.h"

static void
state(const struct msig_peermsg *msg)
{
	struct msig_statement st, copy;
	struct msig_option opt;

	if (msig_statement_from_peermsg(msg, &st) != 0)
		return;
	msig_statement_init(&copy, st.identity, st.zone);
	HOLDS(msig_statement_copy(&copy, &st) == 0);
	HOLDS(msig_statement_check(&copy) == 0);
	msig_option_init(&opt, MSIG_OP_STATE, st.identity, st.zone);
	HOLDS(msig_statement_to_option(&copy, &opt) == 0);
	HOLDS(memcmp(opt.contribution, msg->option.contribution, sizeof(opt.contribution)) == 0);
	msig_statement_clear(&copy);
	msig_statement_clear(&st);
}

static void
again(const struct msig_peermsg *msg, const struct msig_coding *coding)
{
	static uint8_t wire[65535];
	struct msig_peermsg back;
	size_t len = sizeof(wire);

	if (msig_peermsg_compose(msg, coding, wire, &len) != 0)
		return; /* larger without compression */
	HOLDS(msig_peermsg_parse(wire, len, coding, &back) == 0);
	HOLDS(back.id == msg->id && back.response == msg->response && back.carrier == msg->carrier);
	HOLDS(back.operation == msg->operation && back.has_option == msg->has_option);
	HOLDS(memcmp(&back.option, &msg->option, sizeof(back.option)) == 0);
	HOLDS(back.has_apex == msg->has_apex);
	HOLDS(back.has_change == msg->has_change);
	msig_peermsg_clear(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct msig_coding coding = {0, 3};
	struct msig_peermsg msg;
	uint16_t rcode, ede;
	int ret;

	if (len == 0)
		return 0;
	coding.fixed += data[0] & 1;
	ret = msig_peermsg_parse(data + 1, len - 1, &coding, &msg);
	msig_peermsg_refusal(ret, &rcode, &ede);
	HOLDS((ret == 0) == (rcode == 0));
	if (ret != 0)
		return 0;
	again(&msg, &coding);
	state(&msg);
	msig_peermsg_clear(&msg);
	return 0;
}
