/* Names and text of reasons. */
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

int
reason_same(const struct reason *a, const struct reason *b)
{
	return a->class == b->class && a->object == b->object && strcmp(a->place, b->place) == 0;
}

char *
reason_text(const struct reason *r, char *buf, size_t len)
{
	snprintf(buf, len, "%s: %s%s%s%s%s%s%s%s%s", reason_class_name(r->class),
		 reason_object_name(r->object), r->place[0] != 0 ? " at " : "", r->place,
		 r->expected[0] != 0 ? ": expected " : "", r->expected,
		 r->seen[0] != 0 ? ", seen " : "", r->seen, r->todo[0] != 0 ? "; " : "", r->todo);
	return buf;
}
