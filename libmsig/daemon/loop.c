/*
 * The event loop on libevent. Knows nothing of what its users do; keeps timers, descriptors,
 * signals, and calls that were put off until the present callback has returned.
 */
#include "config.h"

#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <event2/event.h>
#include <libknot/errcode.h>
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/loop.h"

struct later {
	struct later *next;
	uint64_t round;
	void (*cb)(void *arg);
	void *arg;
};

struct signal_handler {
	struct signal_handler *next;
	struct event *ev;
	void (*cb)(void *arg, int signo);
	void *arg;
};

struct loop {
	struct event_base *base;
	struct event *later_ev;
	struct later *later, **later_end;
	uint64_t round; /* of run_later() */
	struct signal_handler *signals;
	bool stop;
};

struct loop_timer {
	struct event *ev;
	void (*cb)(void *arg);
	void *arg;
};

struct loop_io {
	struct event *ev;
	int fd;
	int want;
	void (*cb)(void *arg, int ready);
	void *arg;
	struct event_base *base;
};

/*
 * Runs what was put off before this round began: a callback that puts itself off again must not
 * keep descriptors from being served. The timer of 0 goes through one poll between two rounds.
 */
static void
run_later(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	uint64_t round = loop->round++;
	while (loop->later != NULL && loop->later->round <= round && !loop->stop) {
		struct later *now = loop->later;
		loop->later = now->next;
		if (loop->later == NULL)
			loop->later_end = &loop->later;
		void (*cb)(void *) = now->cb;
		void *cb_arg = now->arg;
		free(now);
		cb(cb_arg);
	}
	if (loop->later != NULL) {
		struct timeval zero = {0, 0};
		event_add(loop->later_ev, &zero);
	}
}

struct loop *
loop_new(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));
	struct event_config *config = event_config_new();
	if (config == NULL)
		fatal("event loop: out of memory");
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	if (loop->base == NULL)
		fatal("event loop: cannot be made");
	loop->later_end = &loop->later;
	loop->later_ev = evtimer_new(loop->base, run_later, loop);
	if (loop->later_ev == NULL)
		fatal("event loop: out of memory");
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	while (loop->later != NULL) {
		struct later *next = loop->later->next;
		free(loop->later);
		loop->later = next;
	}
	while (loop->signals != NULL) {
		struct signal_handler *next = loop->signals->next;
		event_free(loop->signals->ev);
		free(loop->signals);
		loop->signals = next;
	}
	event_free(loop->later_ev);
	event_base_free(loop->base);
	free(loop);
}

int
loop_run(struct loop *loop)
{
	int ret = 0;
	if (!loop->stop && event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)
		ret = KNOT_ERROR;
	loop->stop = false;
	return ret;
}

void
loop_stop(struct loop *loop)
{
	loop->stop = true;
	event_base_loopbreak(loop->base);
}

struct event_base *
loop_base(struct loop *loop)
{
	return loop->base;
}

static uint64_t
clock_ms(clockid_t clock)
{
	struct timespec ts;
	if (clock_gettime(clock, &ts) != 0)
		fatal("the clock cannot be read");
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t
loop_mono_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

uint64_t
loop_utc_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

static void
run_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *timer = arg;
	timer->cb(timer->arg);
}

struct loop_timer *
loop_timer_new(struct loop *loop, void (*cb)(void *arg), void *arg)
{
	struct loop_timer *timer = xcalloc(1, sizeof(*timer));
	timer->cb = cb;
	timer->arg = arg;
	timer->ev = evtimer_new(loop->base, run_timer, timer);
	if (timer->ev == NULL)
		fatal("event loop: out of memory");
	return timer;
}

void
loop_timer_set(struct loop_timer *timer, uint64_t delay_ms)
{
	/* Longer than a year is as good as a year, and keeps clear of overflows. */
	const uint64_t year = UINT64_C(366) * 86400 * 1000;
	if (delay_ms > year)
		delay_ms = year;
	struct timeval tv = {
	    .tv_sec = (time_t)(delay_ms / 1000),
	    .tv_usec = (suseconds_t)(delay_ms % 1000 * 1000),
	};
	if (evtimer_add(timer->ev, &tv) != 0)
		fatal("event loop: timer cannot be set");
}

void
loop_timer_cancel(struct loop_timer *timer)
{
	evtimer_del(timer->ev);
}

void
loop_timer_free(struct loop_timer *timer)
{
	if (timer == NULL)
		return;
	event_free(timer->ev);
	free(timer);
}

static void
run_io(evutil_socket_t fd, short what, void *arg)
{
	struct loop_io *io = arg;
	int ready = (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0);
	io->cb(io->arg, ready);
}

struct loop_io *
loop_io_new(struct loop *loop, int fd, int want, void (*cb)(void *arg, int ready), void *arg)
{
	struct loop_io *io = xcalloc(1, sizeof(*io));
	io->fd = fd;
	io->cb = cb;
	io->arg = arg;
	io->base = loop->base;
	io->ev = event_new(loop->base, fd, EV_PERSIST, run_io, io);
	if (io->ev == NULL)
		fatal("event loop: out of memory");
	loop_io_want(io, want);
	return io;
}

void
loop_io_want(struct loop_io *io, int want)
{
	if (want == io->want)
		return;
	event_del(io->ev);
	io->want = want;
	if (want == 0)
		return;
	short what = EV_PERSIST;
	what |= want & LOOP_READ ? EV_READ : 0;
	what |= want & LOOP_WRITE ? EV_WRITE : 0;
	if (event_assign(io->ev, io->base, io->fd, what, run_io, io) != 0 ||
	    event_add(io->ev, NULL) != 0)
		fatal("event loop: descriptor %d cannot be watched", io->fd);
}

void
loop_io_free(struct loop_io *io)
{
	if (io == NULL)
		return;
	event_free(io->ev);
	free(io);
}

static void
run_signal(evutil_socket_t signo, short what, void *arg)
{
	struct signal_handler *handler = arg;
	handler->cb(handler->arg, (int)signo);
}

int
loop_signal(struct loop *loop, int signo, void (*cb)(void *arg, int signo), void *arg)
{
	struct signal_handler *handler = xcalloc(1, sizeof(*handler));
	handler->cb = cb;
	handler->arg = arg;
	handler->ev = evsignal_new(loop->base, signo, run_signal, handler);
	if (handler->ev == NULL || evsignal_add(handler->ev, NULL) != 0) {
		if (handler->ev != NULL)
			event_free(handler->ev);
		free(handler);
		return KNOT_ERROR;
	}
	handler->next = loop->signals;
	loop->signals = handler;
	return 0;
}

int
loop_later(struct loop *loop, void (*cb)(void *arg), void *arg)
{
	struct later *later = xcalloc(1, sizeof(*later));
	later->round = loop->round;
	later->cb = cb;
	later->arg = arg;
	*loop->later_end = later;
	loop->later_end = &later->next;
	struct timeval zero = {0, 0};
	return evtimer_add(loop->later_ev, &zero) == 0 ? 0 : KNOT_ERROR;
}

void
loop_later_cancel(struct loop *loop, void (*cb)(void *arg), void *arg)
{
	struct later **at = &loop->later;
	while (*at != NULL) {
		struct later *it = *at;
		if (it->cb == cb && it->arg == arg) {
			*at = it->next;
			free(it);
		} else {
			at = &it->next;
		}
	}
	loop->later_end = at;
}
