/*
 * Speaks on the local bus in the place of a daemon, for tests: `busctl RUNDIR ACTOR`. Each line of
 * standard input is a message to send, {"msg": "ASK", "id": 1, ...}; each message that arrives
 * becomes such a line of output. Fields are those of libmsig/msg.h: names and text as strings,
 * blobs in hexadecimal. A message that nobody takes is tried again for ten seconds. Ends with its
 * input.
 */
#include "config.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmsig/err.h"
#include "libmsig/daemon/bus.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/loop.h"

#define RETRY 20 /* ms */
#define TRIES 500

static struct loop *loop;
static struct bus *bus;

/* Hexadecimal ---------------------------------------------------------------------------------- */

static json_t *
hex(const struct msig_blob *blob)
{
	char *text = xcalloc(1, (size_t)blob->len * 2 + 1);
	json_t *json;

	for (uint32_t i = 0; i < blob->len; i++)
		snprintf(text + (size_t)i * 2, 3, "%02x", blob->data[i]);
	json = json_string(text);
	free(text);
	return json;
}

static struct msig_blob
unhex(const json_t *json)
{
	const char *text = json_is_string(json) ? json_string_value(json) : "";
	struct msig_blob blob = {xcalloc(1, strlen(text) / 2 + 1), (uint32_t)(strlen(text) / 2)};

	for (uint32_t i = 0; i < blob.len; i++) {
		char pair[3] = {text[i * 2], text[i * 2 + 1], 0};

		blob.data[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return blob;
}

/* From JSON, in memory that msig_msg_clear() frees. What is not given is 0 or empty. */

static uint64_t
number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static char *
text(const json_t *json)
{
	return xstrdup(json_is_string(json) ? json_string_value(json) : "");
}

static knot_dname_t *
name(const json_t *o, const char *key)
{
	const json_t *json = json_object_get(o, key);
	knot_dname_t *dname =
	    knot_dname_from_str_alloc(json_is_string(json) ? json_string_value(json) : ".");

	if (dname == NULL)
		fatal("%s is no name", key);
	knot_dname_to_lower(dname);
	return dname;
}

static struct msig_u16s
numbers(const json_t *o, const char *key)
{
	const json_t *list = json_object_get(o, key);
	struct msig_u16s out = {.count = (uint16_t)json_array_size(list)};

	out.at = xcalloc(out.count + 1u, sizeof(*out.at));
	for (uint16_t i = 0; i < out.count; i++)
		out.at[i] = (uint16_t)json_integer_value(json_array_get(list, i));
	return out;
}

static struct msig_strs
texts(const json_t *o, const char *key)
{
	const json_t *list = json_object_get(o, key);
	struct msig_strs out = {.count = (uint16_t)json_array_size(list)};

	out.at = xcalloc(out.count + 1u, sizeof(*out.at));
	for (uint16_t i = 0; i < out.count; i++)
		out.at[i] = text(json_array_get(list, i));
	return out;
}

static struct msig_blobs
blobs(const json_t *o, const char *key)
{
	const json_t *list = json_object_get(o, key);
	struct msig_blobs out = {.count = (uint16_t)json_array_size(list)};

	out.at = xcalloc(out.count + 1u, sizeof(*out.at));
	for (uint16_t i = 0; i < out.count; i++)
		out.at[i] = unhex(json_array_get(list, i));
	return out;
}

#define READ_U8(o, f) (uint8_t) number(o, #f)
#define READ_U16(o, f) (uint16_t) number(o, #f)
#define READ_U32(o, f) (uint32_t) number(o, #f)
#define READ_U64(o, f) number(o, #f)
#define READ_I32(o, f) (int32_t) number(o, #f)
#define READ_NAME(o, f) name(o, #f)
#define READ_STR(o, f) text(json_object_get(o, #f))
#define READ_BLOB(o, f) unhex(json_object_get(o, #f))
#define READ_U16S(o, f) numbers(o, #f)
#define READ_STRS(o, f) texts(o, #f)
#define READ_BLOBS(o, f) blobs(o, #f)

/* To JSON. */

static json_t *
show_name(const knot_dname_t *dname)
{
	char buf[KNOT_DNAME_TXT_MAXLEN + 1];

	return json_string(knot_dname_to_str(buf, dname, sizeof(buf)) != NULL ? buf : "?");
}

static json_t *
show_numbers(const struct msig_u16s *list)
{
	json_t *out = json_array();

	for (uint16_t i = 0; i < list->count; i++)
		json_array_append_new(out, json_integer(list->at[i]));
	return out;
}

static json_t *
show_texts(const struct msig_strs *list)
{
	json_t *out = json_array();

	for (uint16_t i = 0; i < list->count; i++)
		json_array_append_new(out, json_string(list->at[i]));
	return out;
}

static json_t *
show_blobs(const struct msig_blobs *list)
{
	json_t *out = json_array();

	for (uint16_t i = 0; i < list->count; i++)
		json_array_append_new(out, hex(&list->at[i]));
	return out;
}

#define SHOW_U8(v) json_integer(v)
#define SHOW_U16(v) json_integer(v)
#define SHOW_U32(v) json_integer(v)
#define SHOW_U64(v) json_integer((json_int_t)(v))
#define SHOW_I32(v) json_integer(v)
#define SHOW_NAME(v) show_name(v)
#define SHOW_STR(v) json_string(v)
#define SHOW_BLOB(v) hex(&(v))
#define SHOW_U16S(v) show_numbers(&(v))
#define SHOW_STRS(v) show_texts(&(v))
#define SHOW_BLOBS(v) show_blobs(&(v))

/* One pair of functions per message, from the table. */

#define READ_FIELD(kind, field) p->field = READ_##kind(o, field);
#define SHOW_FIELD(kind, field) json_object_set_new(o, #field, SHOW_##kind(p->field));
#define X(id, NAME, from, to, size)                                         \
	static void read_##NAME(const json_t *o, struct msig_msg_##NAME *p) \
	{                                                                   \
		MSG_##NAME(READ_FIELD)                                      \
	}                                                                   \
	static void show_##NAME(json_t *o, const struct msig_msg_##NAME *p) \
	{                                                                   \
		MSG_##NAME(SHOW_FIELD)                                      \
	}
MSIG_MESSAGES(X)
#undef X

static bool
read_message(const json_t *o, struct msig_msg *msg)
{
	const char *wanted = json_string_value(json_object_get(o, "msg"));

	memset(msg, 0, sizeof(*msg));
#define X(value, NAME, from, to, size)                      \
	if (wanted != NULL && strcmp(wanted, #NAME) == 0) { \
		msg->id = MSIG_MSG_##NAME;                  \
		read_##NAME(o, &msg->u.NAME);               \
		return true;                                \
	}
	MSIG_MESSAGES(X)
#undef X
	return false;
}

static void
on_message(void *arg, const struct msig_msg *msg)
{
	json_t *o = json_object();
	char *line;

	switch (msg->id) {
#define X(value, NAME, from, to, size)                             \
	case MSIG_MSG_##NAME:                                      \
		json_object_set_new(o, "msg", json_string(#NAME)); \
		show_##NAME(o, &msg->u.NAME);                      \
		break;
		MSIG_MESSAGES(X)
#undef X
	}
	line = json_dumps(o, JSON_COMPACT);
	puts(line);
	fflush(stdout);
	free(line);
	json_decref(o);
}

/* What is to be sent, in order. */
struct pending {
	struct msig_msg msg;
	struct pending *next;
};

static struct pending *first;
static struct loop_timer *timer;
static unsigned tries;

static void
send_pending(void *arg)
{
	while (first != NULL) {
		struct pending *p = first;
		int err = bus_send(bus, &p->msg);

		if (err == MSIG_ENOPEER && tries++ < TRIES) {
			loop_timer_set(timer, RETRY);
			return;
		}
		tries = 0;
		if (err != 0) {
			printf("{\"error\": \"%s\"}\n", msig_strerror(err));
			fflush(stdout);
		}
		first = p->next;
		msig_msg_clear(&p->msg);
		free(p);
	}
}

static void
on_line(const char *line)
{
	struct pending *p = xcalloc(1, sizeof(*p)), **at = &first;
	json_t *o = json_loads(line, 0, NULL);

	if (o == NULL || !read_message(o, &p->msg))
		fatal("no message: %s", line);
	json_decref(o);
	while (*at != NULL)
		at = &(*at)->next;
	*at = p;
	if (first == p)
		send_pending(NULL);
}

static void
on_input(void *arg, int ready)
{
	static char *buf;
	static size_t len, room;
	char *end;
	ssize_t n;

	if (room - len < 65536) {
		room = room * 2 + 131072;
		buf = realloc(buf, room);
		if (buf == NULL)
			fatal("out of memory");
	}
	n = read(STDIN_FILENO, buf + len, room - len - 1);
	if (n <= 0) {
		loop_stop(loop);
		return;
	}
	len += (size_t)n;
	buf[len] = '\0';
	while ((end = strchr(buf, '\n')) != NULL) {
		*end = '\0';
		if (end > buf)
			on_line(buf);
		len -= (size_t)(end + 1 - buf);
		memmove(buf, end + 1, len + 1);
	}
}

int
main(int argc, char **argv)
{
	unsigned self = MSIG_ACTOR_COUNT;
	bool bound[MSIG_ACTOR_COUNT] = {false}, connected[MSIG_ACTOR_COUNT] = {false};
	struct loop_io *input;
	int err = 0;

	for (unsigned i = 0; argc == 3 && i < MSIG_ACTOR_COUNT; i++) {
		if (strcmp(argv[2], msig_actor_name((enum msig_actor)i)) == 0)
			self = i;
	}
	if (self == MSIG_ACTOR_COUNT) {
		fprintf(stderr, "usage: busctl RUNDIR agentd|combinerd|transportd|observe|signerd\n");
		return 64;
	}
	log_open("busctl", NULL, LOG_LVL_WARN);
	loop = loop_new();
	bus = bus_new(loop, (enum msig_actor)self, argv[1]);
#define X(value, NAME, from, to, size)                                              \
	if (MSIG_ACTOR_##to == self && !bound[MSIG_ACTOR_##from] && err == 0) {     \
		bound[MSIG_ACTOR_##from] = true;                                    \
		err = bus_bind(bus, MSIG_ACTOR_##from, (uid_t)-1, (gid_t)-1);       \
	}                                                                           \
	if (MSIG_ACTOR_##to == self)                                                \
		bus_on(bus, MSIG_MSG_##NAME, on_message, NULL);                     \
	if (MSIG_ACTOR_##from == self && !connected[MSIG_ACTOR_##to] && err == 0) { \
		connected[MSIG_ACTOR_##to] = true;                                  \
		err = bus_connect(bus, MSIG_ACTOR_##to);                            \
	}
	MSIG_MESSAGES(X)
#undef X
	if (err != 0)
		fatal("bus below %s: %s", argv[1], msig_strerror(err));
	timer = loop_timer_new(loop, send_pending, NULL);
	input = loop_io_new(loop, STDIN_FILENO, LOOP_READ, on_input, NULL);
	loop_run(loop);
	loop_io_free(input);
	loop_timer_free(timer);
	bus_free(bus);
	loop_free(loop);
	return 0;
}
