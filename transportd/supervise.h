/*
 * Without --only, transportd is a parent that does nothing but keep its two processes running: it
 * opens no socket and reads no configuration. Units of a service manager run them one by one
 * instead.
 */
#pragma once

/* The whole of main(): starts each name as `--only NAME` with the same arguments, ends with them.
 * logfile NULL: standard error. */
int supervise(int argc, char **argv, const char *const *names, const char *logfile);

/* In such a process, once it has its user: end when the parent is gone. */
void supervise_child(void);
