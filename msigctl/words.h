/*
 * Words that several renderings share: states and their colours, reasons as a line, who must act.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "msigctl/text.h"

enum tint words_tint(const char *state);

/* Of a reason: {"class", "object", "place", "expected", "seen", "todo", "since", "next"}. */
const char *words_who(const json_t *reason); /* "the clock", "the parent", "a peer", "you" */
bool words_you(const json_t *reason);        /* a person must act */
void words_reason(const json_t *reason, char *buf, size_t len);

/* How many steps a process has. */
uint64_t words_steps(const json_t *process);
/* "3 of 7, cds-added, executing", or "" when no process runs. */
void words_step(const json_t *process, char *buf, size_t len);

/* "p1" of "msa.p1.example.": the label behind the first one. */
void words_short(const char *identity, char *buf, size_t len);

/* The strings of a list, or what its objects have under key. */
void words_join(const json_t *list, const char *key, const char *between, char *buf, size_t len);

/* Are both the same domain name? A dot at the end may be missing. */
bool words_same_name(const char *name, const char *text);
