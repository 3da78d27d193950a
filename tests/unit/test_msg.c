/* The local messages: round trip of every message of the table, and every way to break a frame. */
#include "tests/unit/unit.h"
#include <libknot/libknot.h>
#include "libmsig/err.h"
#include "libmsig/msg.h"

static const struct {
	enum msig_message id;
	const char *name;
	enum msig_actor from, to;
	size_t max;
} table[] = {
#define X(id, name, from, to, size) \
	{MSIG_MSG_##name, #name, MSIG_ACTOR_##from, MSIG_ACTOR_##to, size},
    MSIG_MESSAGES(X)
#undef X
};
#define COUNT (sizeof(table) / sizeof(*table))

/* A message with something in every field. Its parts are on the heap, as the decoder makes them. */
static char *
text(const char *s)
{
	char *copy = strdup(s);
	assert_non_null(copy);
	return copy;
}

static struct msig_blob
blob(uint32_t len)
{
	struct msig_blob b = {malloc(len > 0 ? len : 1), len};
	assert_non_null(b.data);
	for (uint32_t i = 0; i < len; i++)
		b.data[i] = (uint8_t)(i * 7 + 1);
	return b;
}

static struct msig_u16s
u16s(void)
{
	struct msig_u16s list = {malloc(3 * sizeof(uint16_t)), 3};
	for (int i = 0; i < 3; i++)
		list.at[i] = (uint16_t)(0x0102 + i);
	return list;
}

static struct msig_strs
strs(void)
{
	struct msig_strs list = {malloc(3 * sizeof(char *)), 3};
	list.at[0] = text("one");
	list.at[1] = text("");
	list.at[2] = text("three");
	return list;
}

static struct msig_blobs
blobs(void)
{
	struct msig_blobs list = {malloc(2 * sizeof(struct msig_blob)), 2};
	list.at[0] = blob(0);
	list.at[1] = blob(5);
	return list;
}

#define FILL_U8 0xa1
#define FILL_U16 0xa1b2
#define FILL_U32 0xa1b2c3d4
#define FILL_U64 UINT64_C(0xa1b2c3d4e5f60718)
#define FILL_I32 -2021
#define FILL_NAME knot_dname_from_str_alloc("a.shop.example.")
#define FILL_STR text("a text")
#define FILL_BLOB blob(33)
#define FILL_U16S u16s()
#define FILL_STRS strs()
#define FILL_BLOBS blobs()

static void
fill(struct msig_msg *msg, enum msig_message id)
{
	memset(msg, 0, sizeof(*msg));
	msg->id = id;
	switch (id) {
#define FILL(kind, field) m->field = FILL_##kind;
#define X(id, name, from, to, size)                       \
	case MSIG_MSG_##name: {                           \
		struct msig_msg_##name *m = &msg->u.name; \
		MSG_##name(FILL);                         \
		break;                                    \
	}
		MSIG_MESSAGES(X)
#undef X
	}
}

static void
encode(size_t i, uint8_t **frame, size_t *len)
{
	struct msig_msg msg;
	fill(&msg, table[i].id);
	assert_int_equal(msig_msg_encode(&msg, frame, len), 0);
	msig_msg_clear(&msg);
}

/* The frame is copied to an allocation of its exact size, so that reading past it is seen. */
static int
decode(const uint8_t *frame, size_t len, size_t i, struct msig_msg *msg)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	assert_non_null(copy);
	memcpy(copy, frame, len);
	int ret = msig_msg_decode(copy, len, table[i].from, table[i].to, msg);
	free(copy);
	return ret;
}

static void
test_round_trip(void **state)
{
	for (size_t i = 0; i < COUNT; i++) {
		uint8_t *frame, *again;
		size_t len, again_len;
		struct msig_msg msg;
		encode(i, &frame, &len);
		assert_int_equal(decode(frame, len, i, &msg), 0);
		assert_int_equal(msg.id, table[i].id);
		assert_int_equal(msig_msg_encode(&msg, &again, &again_len), 0);
		assert_int_equal(again_len, len);
		assert_memory_equal(again, frame, len);
		msig_msg_clear(&msg);
		free(frame);
		free(again);
	}
}

static void
test_fields(void **state)
{
	struct msig_msg msg = {.id = MSIG_MSG_SENT}, got;
	uint8_t response[] = {1, 2, 3};
	msg.u.SENT.id = UINT64_MAX;
	msg.u.SENT.result = MSIG_ETIMEOUT;
	msg.u.SENT.rtt_ms = 17;
	msg.u.SENT.response = (struct msig_blob){response, sizeof(response)};
	uint8_t *frame;
	size_t len;
	assert_int_equal(msig_msg_encode(&msg, &frame, &len), 0);
	assert_int_equal(len, 4 + 8 + 4 + 2 + 4 + 4 + 3);
	assert_int_equal(msig_msg_decode(frame, len, MSIG_ACTOR_PEER, MSIG_ACTOR_AGENT, &got), 0);
	assert_true(got.u.SENT.id == UINT64_MAX);
	assert_int_equal(got.u.SENT.result, MSIG_ETIMEOUT);
	assert_string_equal(got.u.SENT.address, "");
	assert_int_equal(got.u.SENT.rtt_ms, 17);
	assert_int_equal(got.u.SENT.response.len, 3);
	assert_memory_equal(got.u.SENT.response.data, response, 3);
	msig_msg_clear(&got);
	free(frame);
}

static void
test_every_truncation(void **state)
{
	for (size_t i = 0; i < COUNT; i++) {
		uint8_t *frame;
		size_t len;
		struct msig_msg msg;
		encode(i, &frame, &len);
		for (size_t cut = 0; cut < len; cut++) {
			assert_true(decode(frame, cut, i, &msg) < 0);
			msig_msg_clear(&msg); /* harmless after a failure */
		}
		uint8_t *longer = calloc(1, len + 1);
		memcpy(longer, frame, len);
		assert_int_equal(decode(longer, len + 1, i, &msg), MSIG_ETRAIL);
		free(longer);
		free(frame);
	}
}

/* Every bit once inverted: decoded or refused, never a crash or a leak. */
static void
test_every_flip(void **state)
{
	for (size_t i = 0; i < COUNT; i++) {
		uint8_t *frame;
		size_t len;
		encode(i, &frame, &len);
		for (size_t at = 0; at < len * 8; at++) {
			struct msig_msg msg;
			frame[at / 8] ^= (uint8_t)(1 << at % 8);
			if (decode(frame, len, i, &msg) == 0)
				msig_msg_clear(&msg);
			frame[at / 8] ^= (uint8_t)(1 << at % 8);
		}
		free(frame);
	}
}

static void
test_sender(void **state)
{
	for (size_t i = 0; i < COUNT; i++) {
		uint8_t *frame;
		size_t len;
		encode(i, &frame, &len);
		for (int from = 0; from < MSIG_ACTOR_COUNT; from++) {
			for (int to = 0; to < MSIG_ACTOR_COUNT; to++) {
				struct msig_msg msg;
				bool right = from == (int)table[i].from && to == (int)table[i].to;
				int ret = msig_msg_decode(frame, len, (enum msig_actor)from,
							  (enum msig_actor)to, &msg);
				assert_int_equal(ret, right ? 0 : MSIG_ESENDER);
				msig_msg_clear(&msg);
			}
		}
		free(frame);
	}
}

static void
test_malformed(void **state)
{
	static const struct {
		const char *what;
		int ret;
		size_t len;
		uint8_t frame[40];
	} cases[] = {
	    {"empty", MSIG_ETRUNC, 0, {0}},
	    {"version 2", MSIG_EVALUE, 13, {2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}},
	    {"unknown id", MSIG_EVALUE, 4, {1, 200, 0, 0}},
	    {"reserved", MSIG_EVALUE, 13, {1, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0}},
	    {"fine", 0, 13, {1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}},
	    {"upper case", MSIG_EVALUE, 15, {1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 'A', 0}},
	    {"lower case", 0, 15, {1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 'a', 0}},
	    {"pointer", MSIG_EVALUE, 14, {1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xc0, 12}},
	    {"name without end", MSIG_EVALUE, 14, {1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 'a'}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct msig_msg msg;
		int ret = msig_msg_decode(cases[i].frame, cases[i].len, MSIG_ACTOR_AGENT,
					  MSIG_ACTOR_COMBINER, &msg);
		if (ret != cases[i].ret)
			fail_msg("%s: %d, expected %d", cases[i].what, ret, cases[i].ret);
		msig_msg_clear(&msg);
	}

	/* A list that claims more elements than there are octets left, and a NUL inside a text. */
	const uint8_t many[] = {1, 16, 0, 0, 0, 1, 'p', 0xff, 0xff, 0, 0, 0, 0, 0, 0};
	const uint8_t nul[] = {1, 17, 0, 0, 0, 3, 'a', 0, 'b'};
	struct msig_msg msg;
	assert_int_equal(
	    msig_msg_decode(many, sizeof(many), MSIG_ACTOR_AGENT, MSIG_ACTOR_PEER, &msg),
	    MSIG_ETRUNC);
	assert_int_equal(msig_msg_decode(nul, sizeof(nul), MSIG_ACTOR_AGENT, MSIG_ACTOR_PEER, &msg),
			 MSIG_EVALUE);
}

static void
test_sizes(void **state)
{
	/* PEER_DEL may have 1 KiB with header and length. */
	char *peer = calloc(1, 2048);
	memset(peer, 'p', 1024 - 6);
	struct msig_msg msg = {.id = MSIG_MSG_PEER_DEL, .u.PEER_DEL.peer = peer}, got;
	uint8_t *frame;
	size_t len;
	assert_int_equal(msig_msg_encode(&msg, &frame, &len), 0);
	assert_int_equal(len, 1024);
	assert_int_equal(msig_msg_decode(frame, len, MSIG_ACTOR_AGENT, MSIG_ACTOR_PEER, &got), 0);
	msig_msg_clear(&got);
	free(frame);
	strcat(peer, "p");
	assert_int_equal(msig_msg_encode(&msg, &frame, &len), MSIG_ESIZE);
	uint8_t big[1025] = {1, 17, 0, 0, 0x03, 0xfb};
	memset(big + 6, 'p', sizeof(big) - 6);
	assert_int_equal(msig_msg_decode(big, sizeof(big), MSIG_ACTOR_AGENT, MSIG_ACTOR_PEER, &got),
			 MSIG_ESIZE);
	free(peer);

	struct msig_msg show = {.id = MSIG_MSG_SHOW};
	assert_int_equal(msig_msg_encode(&show, &frame, &len), MSIG_EMISSING); /* no name */
	show.id = (enum msig_message)99;
	assert_int_equal(msig_msg_encode(&show, &frame, &len), MSIG_EVALUE);

	/* A text of more than its length field can say. */
	char *huge = malloc(70000);
	memset(huge, 'x', 69999);
	huge[69999] = '\0';
	struct msig_msg set = {.id = MSIG_MSG_PEER_SET, .u.PEER_SET.peer = huge};
	assert_int_equal(msig_msg_encode(&set, &frame, &len), MSIG_ESIZE);
	free(huge);

	/* A name is sent in lower case, however the sender has it. */
	uint8_t upper[] = {1, 'A', 0};
	struct msig_msg mixed = {.id = MSIG_MSG_SHOW, .u.SHOW.zone = upper};
	assert_int_equal(msig_msg_encode(&mixed, &frame, &len), 0);
	assert_int_equal(frame[13], 'a');
	assert_int_equal(upper[1], 'A');
	free(frame);
}

static void
test_dump(void **state)
{
	char buf[2048];
	for (size_t i = 0; i < COUNT; i++) {
		struct msig_msg msg;
		fill(&msg, table[i].id);
		assert_ptr_equal(msig_msg_dump(&msg, buf, sizeof(buf)), buf);
		assert_int_equal(strncmp(buf, table[i].name, strlen(table[i].name)), 0);
		for (size_t len = 0; len < 100; len++) {
			char *small = malloc(len > 0 ? len : 1);
			msig_msg_dump(&msg, small, len);
			if (len > 0)
				assert_true(strlen(small) < len);
			free(small);
		}
		msig_msg_clear(&msg);
	}
	char names[5][8] = {"a", "b\n\x1b", "c", "d", "e"}, peer[] = "msa.\"p2\"";
	char *at[] = {names[0], names[1], names[2], names[3], names[4]};
	struct msig_msg msg = {.id = MSIG_MSG_PEER_SET};
	msg.u.PEER_SET.peer = peer;
	msg.u.PEER_SET.address = (struct msig_strs){at, 5};
	assert_string_equal(
	    msig_msg_dump(&msg, buf, sizeof(buf)),
	    "PEER_SET peer=\"msa.\\\"p2\\\"\" address=[\"a\", \"b\\010\\027\", \"c\", "
	    "\"d\", ... 5 in all] key=[] zone=[]");
}

static void
test_names(void **state)
{
	assert_string_equal(msig_msg_name(MSIG_MSG_APPLY), "APPLY");
	assert_string_equal(msig_msg_name((enum msig_message)250), "?");
	assert_string_equal(msig_actor_name(MSIG_ACTOR_PEER), "transportd");
	assert_string_equal(msig_actor_name(MSIG_ACTOR_COUNT), "?");
	assert_string_equal(msig_zone_state_name(MSIG_ZONE_FROZEN), "frozen");
	assert_string_equal(msig_zone_state_name((enum msig_zone_state)99), "?");
	/* Ids are unique and fit one octet; the bus takes no larger frame than 1 MiB. */
	bool seen[256] = {false};
	for (size_t i = 0; i < COUNT; i++) {
		assert_in_range(table[i].id, 1, 255);
		assert_false(seen[table[i].id]);
		seen[table[i].id] = true;
		assert_in_range(table[i].max, 1, 1 << 20);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_every_truncation),
	    cmocka_unit_test(test_every_flip),
	    cmocka_unit_test(test_sender),
	    cmocka_unit_test(test_malformed),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_dump),
	    cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests_name("msg", tests, NULL, NULL);
}
