/*
 * The text of every error code of the project.
 */
#include "libmsig/err.h"
#include <libknot/error.h>

const char *
msig_strerror(int code)
{
	switch (code) {
#define X(name, value, text) \
	case name:           \
		return text;
		MSIG_ERRORS(X)
#undef X
	default:
		return knot_strerror(code);
	}
}
