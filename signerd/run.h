/*
 * Runs a program to its end: a fixed path and a vector of arguments, never a shell; no input; an
 * environment of our own; a bounded time and a bounded amount of output.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RUN_OUTPUT (256 * 1024)

struct run_result {
	int status;           /* exit status; -1: ended by a signal */
	char out[RUN_OUTPUT]; /* with NUL; what it wrote itself may hold others */
	size_t len;
	char err[1024]; /* the beginning of its standard error, one line, printable */
};

/* deadline: loop_mono_ms(). 0 if it ended by itself, whatever its status. Otherwise an error, with
 * the reason in result->err: no such program, too slow (MSIG_ETIMEOUT), too much output
 * (MSIG_ESIZE); then it lives no longer. */
int run_program(const char *const argv[], uint64_t deadline, struct run_result *result);
