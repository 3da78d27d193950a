/*
 * The event loop. The only file that includes libevent (resolver.c of observe borrows the base for
 * libunbound's event interface).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_io;
struct event_base;

#define LOOP_READ 1
#define LOOP_WRITE 2

struct loop *loop_new(void);
void loop_free(struct loop *loop);
int loop_run(struct loop *loop);   /* until loop_stop() */
void loop_stop(struct loop *loop); /* may be called from a callback */
struct event_base *loop_base(struct loop *loop);

uint64_t loop_mono_ms(void); /* CLOCK_BOOTTIME: for intervals */
uint64_t loop_utc_ms(void);  /* CLOCK_REALTIME: for deadlines that are stored */

/* One-shot timers; setting a set timer moves it. The callback may free its timer. */
struct loop_timer *loop_timer_new(struct loop *loop, void (*cb)(void *arg), void *arg);
void loop_timer_set(struct loop_timer *timer, uint64_t delay_ms);
void loop_timer_cancel(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);

/* fd stays the caller's. want: LOOP_READ | LOOP_WRITE, may be changed at any time. */
struct loop_io *loop_io_new(struct loop *loop, int fd, int want, void (*cb)(void *arg, int ready),
                            void *arg);
void loop_io_want(struct loop_io *io, int want);
void loop_io_free(struct loop_io *io);

int loop_signal(struct loop *loop, int signo, void (*cb)(void *arg, int signo), void *arg);

/* Calls cb once, after the present callback returned and descriptors had their turn. */
int loop_later(struct loop *loop, void (*cb)(void *arg), void *arg);
/* Forgets what loop_later() was told of this cb and arg; for whoever frees arg. */
void loop_later_cancel(struct loop *loop, void (*cb)(void *arg), void *arg);
