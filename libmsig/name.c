/*
 * Names: text in, text out, comparison without regard to case.
 */
#include "libmsig/name.h"
#include <string.h>
#include <libknot/errcode.h>

int
msig_name_parse_case(const char *text, knot_dname_storage_t name)
{
	if (knot_dname_from_str(name, text, KNOT_DNAME_MAXLEN) == NULL)
		return KNOT_EINVAL;
	return 0;
}

int
msig_name_parse(const char *text, knot_dname_storage_t name)
{
	int ret = msig_name_parse_case(text, name);

	if (ret == 0)
		knot_dname_to_lower(name);
	return ret;
}

char *
msig_name_text(const knot_dname_t *name, char *buf)
{
	knot_dname_storage_t lower;

	knot_dname_copy_lower(lower, name);
	if (knot_dname_to_str(buf, lower, MSIG_NAME_TEXT) == NULL)
		buf[0] = '\0';
	return buf;
}

bool
msig_name_eq(const knot_dname_t *a, const knot_dname_t *b)
{
	return knot_dname_is_case_equal(a, b);
}

int
msig_name_cmp(const knot_dname_t *a, const knot_dname_t *b)
{
	knot_dname_storage_t la, lb;

	knot_dname_copy_lower(la, a);
	knot_dname_copy_lower(lb, b);
	return knot_dname_cmp(la, lb);
}
