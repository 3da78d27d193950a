/* The event loop: timers, descriptors, signals, and calls put off. */
#include "tests/unit/unit.h"
#include <signal.h>
#include <unistd.h>
#include "libmsig/daemon/loop.h"

static struct loop *loop;
static char trace[64];

static int
setup(void **state)
{
	loop = loop_new();
	trace[0] = '\0';
	return 0;
}

static int
teardown(void **state)
{
	loop_free(loop);
	return 0;
}

static void
mark(void *arg)
{
	strcat(trace, arg);
}

static void
mark_stop(void *arg)
{
	mark(arg);
	loop_stop(loop);
}

static void
test_timers(void **state)
{
	struct loop_timer *a = loop_timer_new(loop, mark, (char[]){"a"}),
			  *b = loop_timer_new(loop, mark, (char[]){"b"}),
			  *c = loop_timer_new(loop, mark, (char[]){"c"}),
			  *end = loop_timer_new(loop, mark_stop, (char[]){"."});
	loop_timer_set(end, 12);
	loop_timer_set(a, 8);
	loop_timer_set(b, 4);
	loop_timer_set(c, 2);
	loop_timer_cancel(c);
	loop_timer_set(b, UINT64_MAX); /* as good as never */
	loop_timer_set(b, 1);          /* moved */
	uint64_t before = loop_mono_ms();
	assert_int_equal(loop_run(loop), 0);
	assert_string_equal(trace, "ba.");
	assert_true(loop_mono_ms() >= before + 11);
	/* One shot. */
	trace[0] = '\0';
	loop_timer_set(end, 3);
	loop_run(loop);
	assert_string_equal(trace, ".");
	loop_timer_free(a);
	loop_timer_free(b);
	loop_timer_free(c);
	loop_timer_free(end);
	loop_timer_free(NULL);
	assert_true(loop_utc_ms() > UINT64_C(1600000000000));
}

static struct loop_timer *self;

static void
free_self(void *arg)
{
	loop_timer_free(self);
	loop_stop(loop);
}

static void
test_timer_frees_itself(void **state)
{
	self = loop_timer_new(loop, free_self, NULL);
	loop_timer_set(self, 0);
	loop_run(loop);
}

static int fds[2];
static struct loop_io *io;

static void
on_read(void *arg, int ready)
{
	char c;
	assert_int_equal(ready, LOOP_READ);
	assert_int_equal(read(fds[0], &c, 1), 1);
	strncat(trace, &c, 1);
	if (c == '2')
		loop_io_want(io, 0); /* the next octet stays unread */
	if (c == '3') {
		loop_io_free(io);
		loop_stop(loop);
	}
}

static void
want_again(void *arg)
{
	assert_string_equal(trace, "12");
	loop_io_want(io, LOOP_READ);
}

static void
on_write(void *arg, int ready)
{
	assert_int_equal(ready, LOOP_WRITE);
	strcat(trace, "w");
	loop_io_free(io);
	loop_stop(loop);
}

static void
test_io(void **state)
{
	assert_int_equal(pipe(fds), 0);
	io = loop_io_new(loop, fds[0], LOOP_READ, on_read, NULL);
	struct loop_timer *timer = loop_timer_new(loop, want_again, NULL);
	loop_timer_set(timer, 5);
	assert_int_equal(write(fds[1], "123", 3), 3);
	loop_run(loop);
	assert_string_equal(trace, "123");
	io = loop_io_new(loop, fds[1], 0, on_write, NULL);
	loop_io_want(io, LOOP_WRITE);
	loop_run(loop);
	assert_string_equal(trace, "123w");
	loop_io_free(NULL);
	loop_timer_free(timer);
	close(fds[0]);
	close(fds[1]);
}

static void
on_signal(void *arg, int signo)
{
	assert_int_equal(signo, SIGUSR1);
	mark_stop(arg);
}

static void
test_signal(void **state)
{
	assert_int_equal(loop_signal(loop, SIGUSR1, on_signal, (char[]){"s"}), 0);
	raise(SIGUSR1);
	loop_run(loop);
	assert_string_equal(trace, "s");
}

static char two[] = "2", three[] = "3", cancelled[] = "x";

static void
put_off(void *arg)
{
	strcat(trace, "1");
	loop_later(loop, mark, three);
	loop_later_cancel(loop, mark, cancelled);
	strcat(trace, "-");
}

static void
test_later(void **state)
{
	loop_later(loop, put_off, NULL);
	loop_later(loop, mark, two);
	loop_later(loop, mark, cancelled);
	loop_later(loop, mark, cancelled);
	struct loop_timer *end = loop_timer_new(loop, mark_stop, (char[]){"."});
	loop_timer_set(end, 3);
	loop_run(loop);
	assert_string_equal(trace, "1-23.");
	loop_timer_free(end);
	loop_later(loop, mark, two); /* never called: freed with the loop */
}

static int rounds;

static void
again(void *arg)
{
	if (rounds++ == 0)
		assert_int_equal(write(fds[1], "3", 1), 1);
	if (rounds > 1000)
		loop_stop(loop);
	else
		loop_later(loop, again, NULL);
}

/* A callback that puts itself off for ever does not starve descriptors. */
static void
test_later_is_fair(void **state)
{
	assert_int_equal(pipe(fds), 0);
	io = loop_io_new(loop, fds[0], LOOP_READ, on_read, NULL);
	rounds = 0;
	loop_later(loop, again, NULL);
	loop_run(loop);
	assert_string_equal(trace, "3");
	assert_in_range(rounds, 0, 100);
	close(fds[0]);
	close(fds[1]);
}

static void
test_stop_first(void **state)
{
	loop_stop(loop);
	assert_int_equal(loop_run(loop), 0); /* returns at once */
	loop_later(loop, mark_stop, (char[]){"r"});
	loop_run(loop);
	assert_string_equal(trace, "r");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_timers), T(test_timer_frees_itself), T(test_io),         T(test_signal),
	    T(test_later),  T(test_later_is_fair),      T(test_stop_first),
	};
	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
