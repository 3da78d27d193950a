/* Messages of the bus; the first two octets are sender and receiver. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/msg.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct msig_msg msg, again;
	enum msig_actor from, to;
	uint8_t *wire, *wire2;
	size_t size, size2;
	char text[256];

	if (len < 2)
		return 0;
	from = data[0] % MSIG_ACTOR_COUNT;
	to = data[1] % MSIG_ACTOR_COUNT;
	if (msig_msg_decode(data + 2, len - 2, from, to, &msg) != 0)
		return 0;
	HOLDS(strlen(msig_msg_dump(&msg, text, sizeof(text))) < sizeof(text));
	HOLDS(msig_msg_encode(&msg, &wire, &size) == 0);
	HOLDS(size == len - 2); /* and equal, but for the letters of names */
	HOLDS(msig_msg_decode(wire, size, from, to, &again) == 0);
	HOLDS(msig_msg_encode(&again, &wire2, &size2) == 0);
	HOLDS(size2 == size && memcmp(wire, wire2, size) == 0);
	msig_msg_clear(&again);
	msig_msg_clear(&msg);
	free(wire);
	free(wire2);
	return 0;
}
