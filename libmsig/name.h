/*
 * Domain names as text and compared without regard to case. Identities of providers are such names;
 * their text form is absolute and in lower case.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <libknot/dname.h>

/* Room for the text of any name, the terminating 0 included. */
#define MSIG_NAME_TEXT (KNOT_DNAME_TXT_MAXLEN + 1)

/* Text to wire form, lower case; a missing dot at the end is added. KNOT_EINVAL if it is no name.
 */
int msig_name_parse(const char *text, knot_dname_storage_t name);
/* As msig_name_parse, but the letters stay as they are. */
int msig_name_parse_case(const char *text, knot_dname_storage_t name);
/* Absolute text in lower case. buf has MSIG_NAME_TEXT bytes and is returned. */
char *msig_name_text(const knot_dname_t *name, char *buf);

bool msig_name_eq(const knot_dname_t *a, const knot_dname_t *b);
/* Canonical order (RFC 4034 6.1). */
int msig_name_cmp(const knot_dname_t *a, const knot_dname_t *b);
