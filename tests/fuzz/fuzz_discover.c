/* What peers publish: the answers of a whole discovery, one behind the other. Each begins with an
 * octet (bits 0-1 status, 2-3 validation) and a length of two octets. */
#include "tests/fuzz/fuzz.h"
#include "agentd/discover.h"
#include "libmsig/err.h"

#define NOW UINT64_C(1800000000000)

static void
check_done(const struct discover_result *r)
{
	struct discover_result copy;
	char *text = discover_print(r);

	HOLDS(r->addresses > 0 && r->addresses <= DISCOVER_ADDRESSES);
	HOLDS(r->keys > 0 && r->keys <= DISCOVER_KEYS);
	HOLDS(r->port != 0);
	HOLDS(r->good_until <= NOW + 24 * 3600 * 1000ULL);
	for (unsigned i = 0; i < r->addresses; i++)
		HOLDS(strncmp(r->address[i], "127.", 4) != 0 && strchr(r->address[i], '@') != NULL);
	HOLDS(discover_parse(text, &copy) == 0 && discover_equal(r, &copy));
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char identity[] = "msa.p2.example.", none[] = "";
	struct discover d;
	enum discover_state state = DISCOVER_ASKING;
	unsigned questions = 0;
	bool secure = true;

	discover_start(&d, identity, false, 30);
	while (state == DISCOVER_ASKING && len >= 3) {
		struct msig_msg_ANSWER answer = {.server = none, .reason = none};
		knot_dname_storage_t name;
		size_t n = (size_t)data[1] << 8 | data[2];
		HOLDS(discover_question(&d, name, &answer.type));
		answer.name = name;
		answer.status = (data[0] & 3) % 3;
		answer.validation = data[0] >> 2 & 3;
		secure = secure && answer.validation == MSIG_VALIDATION_SECURE;
		data += 3;
		len -= 3;
		n = n < len ? n : len;
		answer.answer.data = (uint8_t *)(uintptr_t)data;
		answer.answer.len = (uint32_t)n;
		state = discover_feed(&d, &answer, NOW);
		data += n;
		len -= n;
		HOLDS(++questions < 20);
	}
	if (state == DISCOVER_DONE) {
		HOLDS(secure);
		check_done(&d.result);
	}
	HOLDS((state == DISCOVER_FAILED) == (d.reason[0] != '\0'));
	return 0;
}
