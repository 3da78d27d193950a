/*
 * Encoder, decoder and dumper of the local messages. Each payload is described once, in the table
 * of msg.h; here every kind of field gets one function per direction, and the table strings them
 * together. Frames come from another process of the same provider, yet nothing in them is trusted:
 * lengths are checked before they are used and before anything is allocated.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libknot/errcode.h>
#include "libmsig/err.h"
#include "libmsig/msg.h"

#define HEADER 4

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

static int
table_at(unsigned id)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if ((unsigned)table[i].id == id)
			return (int)i;
	}
	return -1;
}

const char *
msig_msg_name(enum msig_message id)
{
	int i = table_at(id);
	return i < 0 ? "?" : table[i].name;
}

const char *
msig_actor_name(enum msig_actor actor)
{
	switch (actor) {
#define X(id, name)           \
	case MSIG_ACTOR_##id: \
		return name;
		MSIG_ACTORS(X)
#undef X
	case MSIG_ACTOR_COUNT:
		break;
	}
	return "?";
}

const char *
msig_zone_state_name(enum msig_zone_state state)
{
	switch (state) {
#define X(id, value, text)   \
	case MSIG_ZONE_##id: \
		return text;
		MSIG_ZONE_STATES(X)
#undef X
	}
	return "?";
}

#define X(value, id, text) \
	case (value):      \
		return text;
const char *
msig_key_role_name(unsigned role)
{
	switch (role) {
		MSIG_KEY_ROLES(X)
	}
	return "?";
}

const char *
msig_key_state_name(unsigned state)
{
	switch (state) {
		MSIG_KEY_STATES(X)
	}
	return "?";
}

const char *
msig_key_verb_name(unsigned verb)
{
	switch (verb) {
		MSIG_KEY_VERBS(X)
	}
	return "?";
}
#undef X

/* Encoding: a first pass with p NULL measures, a second one writes. --------------------------- */

struct out {
	uint8_t *p;
	size_t len;
	int err;
};

static void
put_bytes(struct out *o, const void *data, size_t len)
{
	if (o->p != NULL && len > 0)
		memcpy(o->p + o->len, data, len);
	o->len += len;
}

static void
put_number(struct out *o, uint64_t value, int octets)
{
	for (int i = octets - 1; i >= 0; i--) {
		uint8_t octet = (uint8_t)(value >> (8 * i));
		put_bytes(o, &octet, 1);
	}
}

static void
put_U8(struct out *o, const uint8_t *v)
{
	put_number(o, *v, 1);
}

static void
put_U16(struct out *o, const uint16_t *v)
{
	put_number(o, *v, 2);
}

static void
put_U32(struct out *o, const uint32_t *v)
{
	put_number(o, *v, 4);
}

static void
put_U64(struct out *o, const uint64_t *v)
{
	put_number(o, *v, 8);
}

static void
put_I32(struct out *o, const int32_t *v)
{
	put_number(o, (uint32_t)*v, 4);
}

static void
put_NAME(struct out *o, knot_dname_t *const *v)
{
	if (*v == NULL) {
		o->err = MSIG_EMISSING;
		return;
	}
	size_t len = knot_dname_size(*v);
	put_bytes(o, *v, len);
	if (o->p != NULL)
		knot_dname_to_lower(o->p + o->len - len);
}

static void
put_STR(struct out *o, char *const *v)
{
	size_t len = *v == NULL ? 0 : strlen(*v);
	if (len > UINT16_MAX) {
		o->err = MSIG_ESIZE;
		return;
	}
	put_number(o, len, 2);
	put_bytes(o, *v, len);
}

static void
put_BLOB(struct out *o, const struct msig_blob *v)
{
	put_number(o, v->len, 4);
	put_bytes(o, v->data, v->len);
}

static void
put_U16S(struct out *o, const struct msig_u16s *v)
{
	put_number(o, v->count, 2);
	for (unsigned i = 0; i < v->count; i++)
		put_U16(o, &v->at[i]);
}

static void
put_STRS(struct out *o, const struct msig_strs *v)
{
	put_number(o, v->count, 2);
	for (unsigned i = 0; i < v->count; i++)
		put_STR(o, &v->at[i]);
}

static void
put_BLOBS(struct out *o, const struct msig_blobs *v)
{
	put_number(o, v->count, 2);
	for (unsigned i = 0; i < v->count; i++)
		put_BLOB(o, &v->at[i]);
}

static void
put_msg(struct out *o, const struct msig_msg *msg)
{
	put_number(o, MSIG_MSG_VERSION, 1);
	put_number(o, msg->id, 1);
	put_number(o, 0, 2);
	switch (msg->id) {
#define PUT(kind, field) put_##kind(o, &m->field);
#define X(id, name, from, to, size)                             \
	case MSIG_MSG_##name: {                                 \
		const struct msig_msg_##name *m = &msg->u.name; \
		MSG_##name(PUT);                                \
		break;                                          \
	}
		MSIG_MESSAGES(X)
#undef X
	}
}

int
msig_msg_encode(const struct msig_msg *msg, uint8_t **out, size_t *len)
{
	int at = table_at(msg->id);
	if (at < 0)
		return MSIG_EVALUE;

	struct out o = {NULL, 0, 0};
	put_msg(&o, msg);
	if (o.err != 0)
		return o.err;
	if (o.len > table[at].max)
		return MSIG_ESIZE;

	struct out w = {malloc(o.len), 0, 0};
	if (w.p == NULL)
		return KNOT_ENOMEM;
	put_msg(&w, msg);
	*out = w.p;
	*len = w.len;
	return 0;
}

/* Decoding. The first mistake sticks in err, and every later field stays empty. --------------- */

struct in {
	const uint8_t *p;
	size_t left;
	int err;
};

static const uint8_t *
get_bytes(struct in *in, size_t len)
{
	if (in->err != 0)
		return NULL;
	if (len > in->left) {
		in->err = MSIG_ETRUNC;
		return NULL;
	}
	const uint8_t *p = in->p;
	in->p += len;
	in->left -= len;
	return p;
}

static uint64_t
get_number(struct in *in, int octets)
{
	const uint8_t *p = get_bytes(in, octets);
	uint64_t value = 0;
	for (int i = 0; p != NULL && i < octets; i++)
		value = value << 8 | p[i];
	return value;
}

static void *
get_memory(struct in *in, size_t count, size_t size)
{
	void *p = calloc(count > 0 ? count : 1, size);
	if (p == NULL)
		in->err = KNOT_ENOMEM;
	return p;
}

static void
get_U8(struct in *in, uint8_t *v)
{
	*v = (uint8_t)get_number(in, 1);
}

static void
get_U16(struct in *in, uint16_t *v)
{
	*v = (uint16_t)get_number(in, 2);
}

static void
get_U32(struct in *in, uint32_t *v)
{
	*v = (uint32_t)get_number(in, 4);
}

static void
get_U64(struct in *in, uint64_t *v)
{
	*v = get_number(in, 8);
}

static void
get_I32(struct in *in, int32_t *v)
{
	*v = (int32_t)(uint32_t)get_number(in, 4);
}

static void
get_NAME(struct in *in, knot_dname_t **v)
{
	if (in->err != 0)
		return;
	int len = knot_dname_wire_check(in->p, in->p + in->left, NULL);
	if (len <= 0) {
		in->err = MSIG_EVALUE;
		return;
	}
	const uint8_t *p = get_bytes(in, len);
	for (int i = 0; i < len; i++) {
		/* Length octets are below 'A'. */
		if (p[i] >= 'A' && p[i] <= 'Z') {
			in->err = MSIG_EVALUE;
			return;
		}
	}
	*v = get_memory(in, 1, len);
	if (*v != NULL)
		memcpy(*v, p, len);
}

static void
get_STR(struct in *in, char **v)
{
	size_t len = get_number(in, 2);
	const uint8_t *p = get_bytes(in, len);
	if (p == NULL)
		return;
	if (memchr(p, '\0', len) != NULL) {
		in->err = MSIG_EVALUE;
		return;
	}
	*v = get_memory(in, 1, len + 1);
	if (*v != NULL)
		memcpy(*v, p, len);
}

static void
get_BLOB(struct in *in, struct msig_blob *v)
{
	size_t len = get_number(in, 4);
	const uint8_t *p = get_bytes(in, len);
	if (p == NULL)
		return;
	v->data = get_memory(in, 1, len > 0 ? len : 1);
	if (v->data == NULL)
		return;
	memcpy(v->data, p, len);
	v->len = (uint32_t)len;
}

/* A count is 16 bits: what it can claim is no burden, and the first missing element ends it. */
#define GET_LIST(KIND, type)                                         \
	static void get_##KIND##S(struct in *in, type *v)            \
	{                                                            \
		uint16_t count = (uint16_t)get_number(in, 2);        \
		if (in->err != 0)                                    \
			return;                                      \
		v->at = get_memory(in, count, sizeof(*v->at));       \
		if (v->at == NULL)                                   \
			return;                                      \
		v->count = count;                                    \
		for (unsigned i = 0; i < count && in->err == 0; i++) \
			get_##KIND(in, &v->at[i]);                   \
	}
GET_LIST(U16, struct msig_u16s)
GET_LIST(STR, struct msig_strs)
GET_LIST(BLOB, struct msig_blobs)

static void
get_msg(struct in *in, struct msig_msg *msg)
{
	switch (msg->id) {
#define GET(kind, field) get_##kind(in, &m->field);
#define X(id, name, from, to, size)                       \
	case MSIG_MSG_##name: {                           \
		struct msig_msg_##name *m = &msg->u.name; \
		MSG_##name(GET);                          \
		break;                                    \
	}
		MSIG_MESSAGES(X)
#undef X
	}
}

int
msig_msg_decode(const uint8_t *frame, size_t len, enum msig_actor sender, enum msig_actor receiver,
		struct msig_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	if (len < HEADER)
		return MSIG_ETRUNC;
	if (frame[0] != MSIG_MSG_VERSION || frame[2] != 0 || frame[3] != 0)
		return MSIG_EVALUE;
	int at = table_at(frame[1]);
	if (at < 0)
		return MSIG_EVALUE;
	if (table[at].from != sender || table[at].to != receiver)
		return MSIG_ESENDER;
	if (len > table[at].max)
		return MSIG_ESIZE;

	struct in in = {frame + HEADER, len - HEADER, 0};
	msg->id = table[at].id;
	get_msg(&in, msg);
	if (in.err == 0 && in.left > 0)
		in.err = MSIG_ETRAIL;
	if (in.err != 0)
		msig_msg_clear(msg);
	return in.err;
}

/* Clearing. ----------------------------------------------------------------------------------- */

static void
clear_blobs(struct msig_blobs *v)
{
	for (unsigned i = 0; i < v->count; i++)
		free(v->at[i].data);
	free(v->at);
}

static void
clear_strs(struct msig_strs *v)
{
	for (unsigned i = 0; i < v->count; i++)
		free(v->at[i]);
	free(v->at);
}

#define CLEAR_U8(v) (void)(v)
#define CLEAR_U16(v) (void)(v)
#define CLEAR_U32(v) (void)(v)
#define CLEAR_U64(v) (void)(v)
#define CLEAR_I32(v) (void)(v)
#define CLEAR_NAME(v) free(*(v))
#define CLEAR_STR(v) free(*(v))
#define CLEAR_BLOB(v) free((v)->data)
#define CLEAR_U16S(v) free((v)->at)
#define CLEAR_STRS(v) clear_strs(v)
#define CLEAR_BLOBS(v) clear_blobs(v)

void
msig_msg_clear(struct msig_msg *msg)
{
	switch (msg->id) {
#define CLEAR(kind, field) CLEAR_##kind(&m->field);
#define X(id, name, from, to, size)                       \
	case MSIG_MSG_##name: {                           \
		struct msig_msg_##name *m = &msg->u.name; \
		MSG_##name(CLEAR);                        \
		break;                                    \
	}
		MSIG_MESSAGES(X)
#undef X
	}
	memset(msg, 0, sizeof(*msg));
}

/* Dumping. ------------------------------------------------------------------------------------ */

#define DUMP_TEXT 64 /* characters of a string that are shown */
#define DUMP_LIST 4  /* elements of a list */

struct text {
	char *buf;
	size_t len, max;
};

__attribute__((format(printf, 2, 3))) static void
say(struct text *t, const char *fmt, ...)
{
	if (t->len >= t->max)
		return;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(t->buf + t->len, t->max - t->len, fmt, ap);
	va_end(ap);
	t->len += n > 0 ? (size_t)n : 0;
}

static void
say_text(struct text *t, const char *s)
{
	size_t shown = 0;
	say(t, "\"");
	for (; s != NULL && *s != '\0' && shown < DUMP_TEXT; s++, shown++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			say(t, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			say(t, "\\%03u", c);
		else
			say(t, "%c", c);
	}
	say(t, s != NULL && *s != '\0' ? "...\"" : "\"");
}

static void
say_name(struct text *t, const knot_dname_t *name)
{
	knot_dname_txt_storage_t txt;
	if (name == NULL || knot_dname_to_str(txt, name, sizeof(txt)) == NULL)
		say(t, "-");
	else
		say(t, "%s", txt);
}

#define SAY_LIST(v, each)                                                        \
	do {                                                                     \
		say(t, "[");                                                     \
		for (unsigned i_ = 0; i_ < (v)->count && i_ < DUMP_LIST; i_++) { \
			say(t, i_ > 0 ? ", " : "");                              \
			each((v)->at[i_]);                                       \
		}                                                                \
		if ((v)->count > DUMP_LIST)                                      \
			say(t, ", ... %u in all", (unsigned)(v)->count);         \
		say(t, "]");                                                     \
	} while (0)
#define SAY_ONE_U16(v) say(t, "%u", (unsigned)(v))
#define SAY_ONE_STR(v) say_text(t, v)
#define SAY_ONE_BLOB(v) say(t, "<%u octets>", (unsigned)(v).len)

#define SAY_U8(v) say(t, "%u", (unsigned)*(v))
#define SAY_U16(v) say(t, "%u", (unsigned)*(v))
#define SAY_U32(v) say(t, "%u", (unsigned)*(v))
#define SAY_U64(v) say(t, "%llu", (unsigned long long)*(v))
#define SAY_I32(v) say(t, "%d", (int)*(v))
#define SAY_NAME(v) say_name(t, *(v))
#define SAY_STR(v) say_text(t, *(v))
#define SAY_BLOB(v) SAY_ONE_BLOB(*(v))
#define SAY_U16S(v) SAY_LIST(v, SAY_ONE_U16)
#define SAY_STRS(v) SAY_LIST(v, SAY_ONE_STR)
#define SAY_BLOBS(v) SAY_LIST(v, SAY_ONE_BLOB)

char *
msig_msg_dump(const struct msig_msg *msg, char *buf, size_t len)
{
	struct text text = {buf, 0, len}, *t = &text;
	if (len > 0)
		buf[0] = '\0';
	say(t, "%s", msig_msg_name(msg->id));
	switch (msg->id) {
#define SAY(kind, field)        \
	say(t, " " #field "="); \
	SAY_##kind(&m->field);
#define X(id, name, from, to, size)                             \
	case MSIG_MSG_##name: {                                 \
		const struct msig_msg_##name *m = &msg->u.name; \
		MSG_##name(SAY);                                \
		break;                                          \
	}
		MSIG_MESSAGES(X)
#undef X
	}
	return buf;
}
