/*
 * Single values of the configuration: from text, to text, and freeing, by their type. What items
 * there are, and what they mean together, is in conf.c.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <libknot/libknot.h>
#include "libmsig/daemon/conf_int.h"
#include "libmsig/daemon/log.h"

#define SEC UINT64_C(1000)
#define MIN (60 * SEC)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

size_t
conf_type_size(enum conf_type type)
{
	switch (type) {
	case CONF_U16:
		return sizeof(uint16_t);
	case CONF_U32:
	case CONF_MS:
	case CONF_S:
	case CONF_SIZE:
		return sizeof(uint32_t);
	case CONF_BOOL:
		return sizeof(bool);
	case CONF_CHOICE:
		return sizeof(int);
	case CONF_ADDR:
		return sizeof(struct dnsio_addr);
	default:
		return sizeof(void *);
	}
}

/* Values from text. Each returns false with the reason in err. -------------------------------- */

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit ms_units[] = {{"d", DAY}, {"h", HOUR}, {"m", MIN},
				       {"s", SEC}, {"ms", 1},   {"", SEC}};
static const struct unit s_units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}, {"", 1}};
static const struct unit sizes[] = {
    {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"B", 1}, {"", 1}};
static const struct unit plain[] = {{"", 1}};

static const struct unit *
units_of(enum conf_type type, size_t *count)
{
	switch (type) {
	case CONF_MS:
		*count = sizeof(ms_units) / sizeof(*ms_units);
		return ms_units;
	case CONF_S:
		*count = sizeof(s_units) / sizeof(*s_units);
		return s_units;
	case CONF_SIZE:
		*count = sizeof(sizes) / sizeof(*sizes);
		return sizes;
	default:
		*count = 1;
		return plain;
	}
}

/* In the largest unit that needs no fraction. */
void
conf_number_str(enum conf_type type, uint64_t value, char *buf, size_t len)
{
	size_t count;
	const struct unit *unit = units_of(type, &count);
	while (value > 0 && value % unit->factor != 0)
		unit++;
	if (value == 0)
		unit += count - 1;
	snprintf(buf, len, "%" PRIu64 "%s", value / unit->factor, unit->name);
}

static bool
parse_number(const struct conf_item *item, const char *text, uint64_t *value, char *err,
	     size_t errlen)
{
	size_t digits = strspn(text, "0123456789"), count;
	const struct unit *units = units_of(item->type, &count);
	*value = 0;
	for (size_t i = 0; i < count && digits > 0 && digits <= 11; i++) {
		if (strcmp(units[i].name, text + digits) != 0)
			continue;
		char min[32], max[32];
		*value = strtoull(text, NULL, 10) * units[i].factor;
		if (*value >= item->min && *value <= item->max)
			return true;
		conf_number_str(item->type, item->min, min, sizeof(min));
		conf_number_str(item->type, item->max, max, sizeof(max));
		snprintf(err, errlen, "%s is out of range, %s to %s", text, min, max);
		return false;
	}
	snprintf(err, errlen, "\"%s\" is not %s", text,
		 item->type == CONF_MS     ? "a time (a number and ms, s, m, h or d)"
		 : item->type == CONF_S    ? "a time (a number and s, m, h or d)"
		 : item->type == CONF_SIZE ? "a size (a number and B, K, M or G)"
					   : "a number");
	return false;
}

bool
conf_name_parse(const char *text, knot_dname_storage_t name, char *err, size_t errlen)
{
	if (knot_dname_from_str(name, text, sizeof(knot_dname_storage_t)) == NULL) {
		snprintf(err, errlen, "\"%s\" is not a domain name", text);
		return false;
	}
	knot_dname_to_lower(name);
	return true;
}

static bool
set_name(const struct conf_item *item, void *field, const char *text, char *err, size_t errlen)
{
	knot_dname_storage_t name;
	knot_dname_txt_storage_t canonical;
	if (!conf_name_parse(text, name, err, errlen))
		return false;
	if (item->type == CONF_NAME)
		*(knot_dname_t **)field = xmemdup(name, knot_dname_size(name));
	else if (knot_dname_to_str(canonical, name, sizeof(canonical)) != NULL)
		*(char **)field = xstrdup(canonical);
	return true;
}

static bool
set_addr(const struct conf_item *item, void *field, const char *text, char *err, size_t errlen)
{
	struct dnsio_addr addr;
	char buf[DNSIO_ADDR_TEXT];
	if (dnsio_addr_parse(text, item->port, &addr) != 0) {
		snprintf(err, errlen,
			 "\"%s\" is not an address (192.0.2.1, 192.0.2.1@53 or 2001:db8::1@53)",
			 text);
		return false;
	}
	if (item->type == CONF_ADDR)
		*(struct dnsio_addr *)field = addr;
	else
		*(char **)field = xstrdup(dnsio_addr_str(&addr, buf, sizeof(buf)));
	return true;
}

/* Position of text in "a|b|c", or -1. */
static int
choice(const char *choices, const char *text)
{
	size_t len = strlen(text);
	for (int i = 0; *choices != '\0'; i++) {
		size_t n = strcspn(choices, "|");
		if (n == len && memcmp(choices, text, n) == 0)
			return i;
		choices += n + (choices[n] == '|');
	}
	return -1;
}

static bool
set_choice(const struct conf_item *item, void *field, const char *text, char *err, size_t errlen)
{
	int i = choice(item->choices, text);
	if (i < 0) {
		snprintf(err, errlen, "\"%s\" is not one of %s", text, item->choices);
		return false;
	}
	if (item->type == CONF_WORD)
		*(char **)field = xstrdup(text);
	else
		*(int *)field = i;
	return true;
}

static bool
set_bool(void *field, const char *text, char *err, size_t errlen)
{
	int i = choice("on|true|off|false", text);
	if (i < 0)
		snprintf(err, errlen, "\"%s\" is neither on nor off", text);
	*(bool *)field = i == 0 || i == 1;
	return i >= 0;
}

static bool
set_text(void *field, const char *text, char *err, size_t errlen)
{
	for (const char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			snprintf(err, errlen, "holds a control character");
			return false;
		}
	}
	*(char **)field = xstrdup(text);
	return true;
}

bool
conf_value_set(const struct conf_item *item, void *field, const char *text, const char *file,
	       char *err, size_t errlen)
{
	uint64_t number;
	switch (item->type) {
	case CONF_FILE:
		*(char **)field = conf_resolve(file, text);
		return true;
	case CONF_NAME:
	case CONF_NAMETEXT:
		return set_name(item, field, text, err, errlen);
	case CONF_U16:
	case CONF_U32:
	case CONF_MS:
	case CONF_S:
	case CONF_SIZE:
		if (!parse_number(item, text, &number, err, errlen))
			return false;
		if (item->type == CONF_U16)
			*(uint16_t *)field = (uint16_t)number;
		else
			*(uint32_t *)field = (uint32_t)number;
		return true;
	case CONF_BOOL:
		return set_bool(field, text, err, errlen);
	case CONF_ADDR:
	case CONF_ADDRTEXT:
		return set_addr(item, field, text, err, errlen);
	case CONF_CHOICE:
	case CONF_WORD:
		return set_choice(item, field, text, err, errlen);
	case CONF_TEXT:
	case CONF_ALG:
	case CONF_SECRET:
		return set_text(field, text, err, errlen);
	case CONF_KEY:
	case CONF_REMOTE:
		return true; /* second pass: what they name may come later */
	}
	return false;
}

void
conf_wipe(char **text)
{
	if (*text != NULL)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

/* Freeing. ------------------------------------------------------------------------------------ */

void
conf_value_free(const struct conf_item *item, void *field)
{
	switch (item->type) {
	case CONF_TEXT:
	case CONF_FILE:
	case CONF_NAME:
	case CONF_NAMETEXT:
	case CONF_ADDRTEXT:
	case CONF_WORD:
	case CONF_ALG:
		free(*(char **)field);
		break;
	case CONF_SECRET:
		conf_wipe(field);
		break;
	default:
		break;
	}
}

/* To text. ------------------------------------------------------------------------------------ */

static void
print_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void
print_choice(FILE *out, const char *choices, int i)
{
	while (i-- > 0)
		choices += strcspn(choices, "|") + 1;
	fprintf(out, "%.*s", (int)strcspn(choices, "|"), choices);
}

void
conf_value_print(FILE *out, const struct conf_item *item, const void *field)
{
	char buf[DNSIO_ADDR_TEXT];
	knot_dname_txt_storage_t name;
	switch (item->type) {
	case CONF_TEXT:
	case CONF_FILE:
		print_quoted(out, *(char *const *)field);
		break;
	case CONF_NAMETEXT:
	case CONF_ADDRTEXT:
	case CONF_WORD:
		fputs(*(char *const *)field, out);
		break;
	case CONF_NAME:
		fputs(knot_dname_to_str(name, *(knot_dname_t *const *)field, sizeof(name)), out);
		break;
	case CONF_U16:
		fprintf(out, "%u", *(const uint16_t *)field);
		break;
	case CONF_U32:
	case CONF_MS:
	case CONF_S:
	case CONF_SIZE:
		conf_number_str(item->type, *(const uint32_t *)field, buf, sizeof(buf));
		fputs(buf, out);
		break;
	case CONF_BOOL:
		fputs(*(const bool *)field ? "on" : "off", out);
		break;
	case CONF_ADDR:
		fputs(dnsio_addr_str(field, buf, sizeof(buf)), out);
		break;
	case CONF_CHOICE:
		print_choice(out, item->choices, *(const int *)field);
		break;
	case CONF_KEY:
		fputs((*(const struct conf_key *const *)field)->id, out);
		break;
	case CONF_REMOTE:
		print_quoted(out, (*(const struct conf_remote *const *)field)->id);
		break;
	case CONF_ALG:
	case CONF_SECRET:
		break;
	}
}

/* Nothing to print: a pointer that is NULL, an address that is not set. */
bool
conf_value_unset(const struct conf_item *item, const void *field)
{
	switch (item->type) {
	case CONF_ALG:
	case CONF_SECRET:
		return true;
	case CONF_ADDR:
		return ((const struct dnsio_addr *)field)->len == 0;
	case CONF_U16:
	case CONF_U32:
	case CONF_MS:
	case CONF_S:
	case CONF_SIZE:
	case CONF_BOOL:
	case CONF_CHOICE:
		return false;
	default:
		return *(void *const *)field == NULL;
	}
}
