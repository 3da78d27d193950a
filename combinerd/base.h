/*
 * A whole zone in a file: records in wire form in blocks with a checksum each. Written to the side,
 * synced and renamed, so that there is never half a file of that name.
 */
#pragma once

#include "combinerd/store.h"

#define BASE_NAME 256 /* room for a file name */

/* The zone's part of file names: letters, digits, "-", "_" and "." as they are. */
void base_file_name(const knot_dname_t *zone, char name[BASE_NAME]);

/* Writes the version into a new file of dir; its name goes to name. MSIG_EDISK: no room. */
int base_write(const char *dir, struct version *version, char *name, size_t size);
/* Pinned for the caller. MSIG_EDB: missing or damaged. */
int base_read(const char *dir, const char *name, const knot_dname_t *zone, struct version **out);
void base_remove(const char *dir, const char *name); /* empty name: nothing */
/* Removes the zone's files but keep: what a crash left behind. */
void base_clean(const char *dir, const knot_dname_t *zone, const char *keep);
int base_sync_dir(const char *dir);
