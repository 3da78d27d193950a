/* Names and text of reasons. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agentd/reason.h"

const char *reason_class_name(enum reason_class class)
{
	static const char *const names[] = {
#define X(id, text) text,
	    REASON_CLASSES(X)
#undef X
	};
	return (unsigned)class < sizeof(names) / sizeof(names[0]) ? names[class] : "?";
}

const char *
reason_object_name(enum reason_object object)
{
	static const char *const names[] = {
#define X(id, text) text,
	    REASON_OBJECTS(X)
#undef X
	};
	return (unsigned)object < sizeof(names) / sizeof(names[0]) ? names[object] : "?";
}

void
reason_copy(char *to, size_t room, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);
	if (len >= room)
		len = room - 1;
	memcpy(to, text == NULL ? "" : text, len);
	to[len] = 0;
}

void
reason_add(char *to, size_t room, const char *format, ...)
{
	size_t at = strlen(to);
	va_list ap;

	va_start(ap, format);
	vsnprintf(to + at, room - at, format, ap);
	va_end(ap);
}

char *
reason_clock(int64_t ahead, char *buf, size_t len)
{
	snprintf(buf, len, "its clock is %lld s %s ours", (long long)(ahead < 0 ? -ahead : ahead),
		 ahead < 0 ? "behind" : "ahead of");
	return buf;
}

int
reason_same(const struct reason *a, const struct reason *b)
{
	return a->class == b->class && a->object == b->object && strcmp(a->place, b->place) == 0;
}

const char *
reason_todo(const struct reason *r)
{
	static const struct {
		enum reason_object object; /* NONE: any */
		const char *place;         /* NULL: any */
		const char *todo;
	} home[] = {
	    {REASON_OF_KEY, "signer",
	     "if it lasts: start signerd, or see in its log why it cannot use the signer's keys"},
	    {REASON_OF_NONE, "signer",
	     "if it lasts: see that the signer runs, signs the zone, and answers this host "
	     "(signer in msig.conf); msigctl doctor ZONE looks"},
	    {REASON_OF_NONE, "combinerd",
	     "if it lasts: start combinerd, or see in its log what keeps it"},
	    {REASON_OF_NONE, "observe",
	     "if it lasts: start transportd, or see in its log why observe does not answer"},
	    {REASON_OF_SERVER, NULL,
	     "if it lasts: see that this name server of yours runs, has the zone, and answers this "
	     "host"},
	    {REASON_OF_NONE, NULL,
	     "if it lasts: see that this name server of yours follows your signer (NOTIFY, "
	     "transfers), and what the signer's zone has"},
	};

	if (r->todo[0] != 0 || r->class != REASON_HOME)
		return r->todo;
	for (size_t i = 0; i < sizeof(home) / sizeof(home[0]); i++)
		if ((home[i].object == REASON_OF_NONE || home[i].object == r->object) &&
		    (home[i].place == NULL || strcmp(home[i].place, r->place) == 0))
			return home[i].todo;
	return r->todo;
}

char *
reason_text(const struct reason *r, char *buf, size_t len)
{
	const char *todo = reason_todo(r);

	snprintf(buf, len, "%s: %s%s%s%s%s%s%s%s%s", reason_class_name(r->class),
		 reason_object_name(r->object), r->place[0] != 0 ? " at " : "", r->place,
		 r->expected[0] != 0 ? ": expected " : "", r->expected,
		 r->seen[0] != 0 ? ", seen " : "", r->seen, todo[0] != 0 ? "; " : "", todo);
	return buf;
}
