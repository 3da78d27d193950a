/*
 * Has a zone come as far as somebody waits for?
 */
#pragma once

#include <jansson.h>

enum wait_result { WAIT_NOT_YET, WAIT_REACHED, WAIT_UNKNOWN /* no such step in this process */ };

/* tracking: the answer of that command. step NULL: until nothing runs or is
 * ordered and the zone is in sync; with
 * member, this identity being one of its signers. */
enum wait_result wait_judge(const json_t *tracking, const char *step, const char *member);
