/* Log lines: levels, subjects, one line whatever is in it, reopening. */
#include "tests/unit/unit.h"
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "libmsig/daemon/log.h"

static char dir[64], file[96], moved[96];

static char *
content(const char *name)
{
	static char buf[65536];
	int fd = open(name, O_RDONLY);
	assert_true(fd >= 0);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	assert_true(n >= 0);
	buf[n] = '\0';
	return buf;
}

static int
setup(void **state)
{
	assert_non_null(mkdtemp(strcpy(dir, "/tmp/msig-log.XXXXXX")));
	snprintf(file, sizeof(file), "%s/log", dir);
	snprintf(moved, sizeof(moved), "%s/log.1", dir);
	return log_open("testd", file, LOG_LVL_INFO);
}

static int
teardown(void **state)
{
	log_open("testd", NULL, LOG_LVL_INFO);
	unlink(file);
	unlink(moved);
	return rmdir(dir);
}

static void
test_levels(void **state)
{
	log_error("one");
	log_warn("two");
	log_info("three");
	log_debug("four");
	log_level_set(LOG_LVL_DEBUG);
	assert_int_equal(log_level_get(), LOG_LVL_DEBUG);
	log_debug("five");
	const char *text = content(file);
	assert_non_null(strstr(text, "Z testd["));
	assert_non_null(strstr(text, "] error: one\n"));
	assert_non_null(strstr(text, "] warning: two\n"));
	assert_non_null(strstr(text, "] info: three\n"));
	assert_null(strstr(text, "four"));
	assert_non_null(strstr(text, "] debug: five\n"));

	enum log_level level;
	assert_int_equal(log_level_parse("warning", &level), 0);
	assert_int_equal(level, LOG_LVL_WARN);
	assert_true(log_level_parse("loud", &level) < 0);
}

static void
test_subjects(void **state)
{
	log_zone(LOG_LVL_INFO, (const uint8_t *)"\4shop\7example", "merged, serial %u", 7u);
	log_zone(LOG_LVL_INFO, NULL, "x");
	log_peer(LOG_LVL_WARN, "msa.p2.example.", "silent");
	const char *text = content(file);
	assert_non_null(strstr(text, " info: zone shop.example.: merged, serial 7\n"));
	assert_non_null(strstr(text, " info: zone ?: x\n"));
	assert_non_null(strstr(text, " warning: peer msa.p2.example.: silent\n"));
}

static void
test_no_forgery(void **state)
{
	log_info("peer said %s", "hello\n<3>error: all is lost\x1b[2J\x7f\xff");
	log_peer(LOG_LVL_INFO, "a\nb", "c");
	const char *text = content(file);
	assert_non_null(strstr(text, "hello\\010<3>error: all is lost\\027[2J\\127\\255\n"));
	assert_non_null(strstr(text, "peer a\\010b: c\n"));
	int lines = 0;
	for (; *text != '\0'; text++)
		lines += *text == '\n';
	assert_int_equal(lines, 2);
}

static void
test_long_line(void **state)
{
	char longer[9000];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	log_info("%s", longer);
	memset(longer, '\n', sizeof(longer) - 1);
	log_info("%s", longer);
	longer[1000] = '\0'; /* fits before it is escaped */
	log_info("%s", longer);
	log_info("next");
	const char *text = content(file), *end = strchr(text, '\n');
	assert_non_null(end);
	assert_in_range(end - text, 3000, 4096);
	assert_memory_equal(end - 3, "...", 3);
	assert_non_null(strstr(end, "\\010...\n"));
	assert_non_null(strstr(end, "info: next\n"));
}

static void
test_reopen(void **state)
{
	log_info("before");
	assert_int_equal(rename(file, moved), 0);
	log_info("between");
	assert_int_equal(log_reopen(), 0);
	log_info("after");
	assert_non_null(strstr(content(moved), "between"));
	assert_null(strstr(content(file), "between"));
	assert_non_null(strstr(content(file), "after"));
	/* A name that cannot be opened leaves the old file in use. */
	unlink(moved);
	assert_int_equal(rename(file, moved), 0);
	assert_int_equal(symlink("nowhere", file), 0);
	assert_true(log_reopen() < 0);
	log_info("still here");
	assert_non_null(strstr(content(moved), "still here"));
	assert_true(log_open("x", "/nonexistent/log", LOG_LVL_INFO) < 0);
}

/* The journal's stream gets the level in front, and neither time nor name. */
static void
test_journal(void **state)
{
	int fd = open(moved, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct stat st;
	char id[64];
	assert_int_equal(fstat(fd, &st), 0);
	snprintf(id, sizeof(id), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		dup2(fd, STDERR_FILENO);
		setenv("JOURNAL_STREAM", id, 1);
		log_open("testd", NULL, LOG_LVL_INFO);
		log_warn("in the journal");
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	close(fd);
	assert_string_equal(content(moved), "<4>in the journal\n");
}

static void
test_fatal(void **state)
{
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		fatal("broken: %d", 3);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_non_null(strstr(content(file), " error: fatal: broken: 3\n"));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_levels), T(test_subjects), T(test_no_forgery), T(test_long_line),
	    T(test_reopen), T(test_journal),  T(test_fatal),
	};
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
