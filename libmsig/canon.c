/*
 * Canonical rdata: where the names are in the types that RFC 4034 6.2 lists (NSEC is off that list
 * by RFC 6840 5.1; HINFO and the types no one has seen for decades have no names to speak of).
 */
#include "libmsig/canon.h"
#include <ctype.h>
#include <stddef.h>
#include <libknot/descriptor.h>
#include <libknot/dname.h>

/* n: a name; digit: that many octets; s: a character-string. The rest is opaque. */
static const struct {
	uint16_t type;
	const char *layout;
} layouts[] = {
    {2, "n"},      /* NS */
    {3, "n"},      /* MD */
    {4, "n"},      /* MF */
    {5, "n"},      /* CNAME */
    {6, "nn"},     /* SOA */
    {7, "n"},      /* MB */
    {8, "n"},      /* MG */
    {9, "n"},      /* MR */
    {12, "n"},     /* PTR */
    {14, "nn"},    /* MINFO */
    {15, "2n"},    /* MX */
    {17, "nn"},    /* RP */
    {18, "2n"},    /* AFSDB */
    {21, "2n"},    /* RT */
    {24, "99n"},   /* SIG */
    {26, "2nn"},   /* PX */
    {30, "n"},     /* NXT */
    {33, "6n"},    /* SRV */
    {35, "4sssn"}, /* NAPTR */
    {36, "2n"},    /* KX */
    {39, "n"},     /* DNAME */
    {46, "99n"},   /* RRSIG */
};

static const char *
layout_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		if (layouts[i].type == type)
			return layouts[i].layout;
	}
	return "";
}

bool
msig_canon_rdata(uint16_t type, uint8_t *rdata, uint16_t len)
{
	size_t at = 0;

	for (const char *l = layout_of(type); *l != '\0'; l++) {
		if (*l == 'n') {
			int size =
			    at < len ? knot_dname_wire_check(rdata + at, rdata + len, NULL) : 0;

			if (size <= 0)
				return false;
			knot_dname_to_lower(rdata + at);
			at += size;
		} else if (*l == 's') {
			if (at >= len)
				return false;
			at += 1 + (size_t)rdata[at];
		} else {
			at += *l - '0';
		}
	}
	return true;
}
