/*
 * The control socket. A client sends one JSON object per line and gets one line for each, in order:
 * the next request is looked at when the last one was answered. Whoever may open the socket may
 * ask; commands that act want more (may_act).
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <libknot/errcode.h>
#include "libmsig/err.h"
#include "libmsig/daemon/ctl.h"
#include "libmsig/daemon/log.h"

#define REQUEST_MAX 65536
#define DEPTH_MAX 8
#define CLIENTS_MAX 32
#define WRITE_MS 10000 /* a reader that takes nothing */
#define HANGUP_MS 500  /* how often a client that sends no more is looked at */
#define PAUSE_MS 100   /* when a connection cannot be accepted */
#define CODE_USAGE 2
#define CODE_REFUSED 5

struct ctl_request {
	struct client *client;
	void (*gone)(void *arg);
	void *gone_arg;
};

struct client {
	struct client *next, **prev;
	struct ctl *ctl;
	int fd;
	struct loop_io *io;
	struct loop_timer *timer;
	struct ucred cred;
	char user[96];
	bool may_act;
	bool eof;  /* sends no more, still listens */
	bool last; /* closed when the answer is out */
	bool closed;
	bool names_zone; /* the request at hand does */
	unsigned holds;
	char *in;
	size_t in_len;
	char *out;
	size_t out_len, out_sent;
	struct ctl_request *req; /* not answered yet */
};

struct ctl {
	struct loop *loop;
	int fd;
	struct loop_io *io;
	struct loop_timer *pause;
	char *path;
	const struct ctl_command *commands;
	gid_t admin_gid;
	void *arg;
	void (*add)(void *arg, json_t *answer);
	struct client *clients;
	unsigned count, holds;
	bool closed;
};

/* Answers. ------------------------------------------------------------------------------------ */

json_t *
ctl_error(int code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_t *answer = json_pack("{s:b, s:i, s:s}", "ok", 0, "code", code, "error", text);
	if (answer == NULL) /* not UTF-8 */
		answer = json_pack("{s:b, s:i, s:s}", "ok", 0, "code", code, "error", "failed");
	if (answer == NULL)
		fatal("out of memory");
	return answer;
}

json_t *
ctl_ok(void)
{
	json_t *answer = json_pack("{s:b}", "ok", 1);
	if (answer == NULL)
		fatal("out of memory");
	return answer;
}

static bool
says(const json_t *list, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) if (strcmp(json_string_value(one), text) == 0) return true;
	return false;
}

void
ctl_put_lab(json_t *answer, bool lab, char *const *warning, unsigned warnings)
{
	json_t *list = json_object_get(answer, "warnings"); /* its own come first */

	list = json_is_array(list) ? json_incref(list) : json_array();
	for (unsigned i = 0; i < warnings; i++) {
		json_t *text = json_string(warning[i]);
		text = text != NULL ? text : json_string("?");
		if (!says(list, json_string_value(text)))
			json_array_append(list, text);
		json_decref(text);
	}
	json_object_set_new(answer, "lab", json_boolean(lab));
	json_object_set_new(answer, "warnings", list);
}

const char *
ctl_user(const struct ctl_request *req)
{
	return req->client->user;
}

void
ctl_on_gone(struct ctl_request *req, void (*cb)(void *arg), void *arg)
{
	req->gone = cb;
	req->gone_arg = arg;
}

/* Holding and closing, as in dnsserver.c: a callback may do anything. ------------------------- */

static void
release(struct ctl *ctl)
{
	if (--ctl->holds == 0 && ctl->closed)
		free(ctl);
}

static void
client_release(struct client *client)
{
	struct ctl *ctl = client->ctl;
	if (--client->holds == 0 && client->closed)
		free(client);
	release(ctl);
}

static void
client_hold(struct client *client)
{
	client->ctl->holds++;
	client->holds++;
}

static void
client_close(struct client *client)
{
	if (client->closed)
		return;
	client_hold(client);
	client->closed = true;
	*client->prev = client->next;
	if (client->next != NULL)
		client->next->prev = client->prev;
	client->ctl->count--;
	loop_io_free(client->io);
	loop_timer_free(client->timer);
	close(client->fd);
	free(client->in);
	free(client->out);
	struct ctl_request *req = client->req;
	client->req = NULL;
	if (req != NULL && req->gone != NULL)
		req->gone(req->gone_arg);
	free(req);
	client_release(client);
}

static void
client_update(struct client *client)
{
	int want = client->out_len > 0 ? LOOP_WRITE : 0;
	/* While a request is being worked on, reading is how we learn that the client left. */
	if (!client->eof && client->in_len < REQUEST_MAX && !client->last)
		want |= LOOP_READ;
	loop_io_want(client->io, want);
	if (client->out_len > 0)
		loop_timer_set(client->timer, WRITE_MS);
	else if (client->eof)
		loop_timer_set(client->timer, HANGUP_MS);
	else
		loop_timer_cancel(client->timer);
}

static bool
hung_up(const struct client *client)
{
	struct pollfd p = {.fd = client->fd};
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

static void
on_timer(void *arg)
{
	struct client *client = arg;
	if (client->out_len > 0 || hung_up(client))
		client_close(client);
	else
		client_update(client);
}

/* Requests. ----------------------------------------------------------------------------------- */

static void client_work(struct client *client);

static void
flush(struct client *client)
{
	while (client->out_len > 0) {
		ssize_t n =
		    send(client->fd, client->out + client->out_sent, client->out_len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
			client_close(client);
			return;
		}
		if (n < 0)
			break;
		client->out_sent += (size_t)n;
		client->out_len -= (size_t)n;
	}
	if (client->out_len == 0) {
		free(client->out);
		client->out = NULL;
		if (client->last) {
			client_close(client);
			return;
		}
	}
	client_update(client);
}

/* Puts the line in front of the client. */
static void
answer_line(struct client *client, json_t *answer)
{
	if (client->names_zone && client->ctl->add != NULL)
		client->ctl->add(client->ctl->arg, answer);
	client->names_zone = false;
	char *text = json_dumps(answer, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(answer);
	if (text == NULL)
		text =
		    xstrdup("{\"ok\":false,\"code\":1,\"error\":\"the answer cannot be written\"}");
	size_t len = strlen(text);
	client->out = xcalloc(1, len + 1);
	memcpy(client->out, text, len);
	client->out[len] = '\n';
	client->out_len = len + 1;
	client->out_sent = 0;
	free(text);
}

void
ctl_reply(struct ctl_request *req, json_t *answer)
{
	struct client *client = req->client;
	client->req = NULL;
	free(req);
	answer_line(client, answer);
	if (client->holds == 0)
		client_work(client);
}

/* No text that nests deeper is given to the parser at all: it recurses. */
static bool
too_deep(const char *text, size_t len)
{
	size_t level = 0;
	bool quoted = false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			level++;
		else if (!quoted && (c == '}' || c == ']') && level > 0)
			level--;
		if (level > DEPTH_MAX)
			return true;
	}
	return false;
}

static json_t *
run_command(struct client *client, const json_t *request)
{
	struct ctl *ctl = client->ctl;
	const char *name = json_string_value(json_object_get(request, "command"));
	if (name == NULL)
		return ctl_error(CODE_USAGE, "the request names no command");
	const struct ctl_command *command = ctl->commands;
	while (command->name != NULL && strcmp(command->name, name) != 0)
		command++;
	if (command->name == NULL)
		return ctl_error(CODE_USAGE, "%.64s: no such command", name);
	if (command->acts && !client->may_act) {
		log_warn("control: %s may not %s", client->user, command->name);
		return ctl_error(
		    CODE_REFUSED,
		    "%s: %s may not do this; root, the daemon's own user, and the members of "
		    "server.admin-group may",
		    command->name, client->user);
	}
	return command->run(ctl->arg, client->req, request);
}

/* One line. Afterwards the client is closed, or has an answer or a request. */
static void
run_line(struct client *client, const char *line, size_t len)
{
	json_error_t error;
	json_t *request = NULL, *answer;
	if (too_deep(line, len)) {
		answer = ctl_error(CODE_USAGE, "the request is nested too deep");
	} else if ((request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error)) == NULL) {
		answer = ctl_error(CODE_USAGE, "the request is not JSON: %s (column %d)",
				   error.text, error.column);
	} else if (!json_is_object(request)) {
		answer = ctl_error(CODE_USAGE, "the request is not a JSON object");
	} else {
		client->req = xcalloc(1, sizeof(*client->req));
		client->req->client = client;
		client->names_zone = json_object_get(request, "zone") != NULL;
		answer = run_command(client, request);
	}
	json_decref(request);
	if (answer == NULL)
		return; /* later, or it was given already */
	if (client->closed) {
		json_decref(answer);
		return;
	}
	free(client->req);
	client->req = NULL;
	answer_line(client, answer);
}

/* The next line that has been read, if the last one is answered. */
static bool
next_line(struct client *client)
{
	if (client->closed || client->req != NULL || client->out_len > 0 || client->last)
		return false;
	char *end = memchr(client->in, '\n', client->in_len);
	if (end == NULL && client->in_len >= REQUEST_MAX) {
		answer_line(client, ctl_error(CODE_USAGE, "the request is larger than %d octets",
					      REQUEST_MAX));
		client->last = true;
		return false;
	}
	if (end == NULL) {
		/* A last line without its end is no request: it may have been cut. */
		client->last = client->eof;
		return false;
	}
	size_t len = (size_t)(end - client->in) + 1;
	char *line = xmemdup(client->in, len);
	client->in_len -= len;
	memmove(client->in, end + 1, client->in_len);
	run_line(client, line, len - 1);
	free(line);
	return true;
}

static void
client_work(struct client *client)
{
	client_hold(client);
	do {
		if (!client->closed && client->out_len > 0)
			flush(client);
	} while (next_line(client));
	if (!client->closed && client->last && client->out_len == 0)
		client_close(client);
	else if (!client->closed && client->out_len > 0)
		flush(client);
	else if (!client->closed)
		client_update(client);
	client_release(client);
}

static void
client_read(struct client *client)
{
	ssize_t n = recv(client->fd, client->in + client->in_len, REQUEST_MAX - client->in_len, 0);
	if (n < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			client_close(client);
		return;
	}
	if (n == 0) {
		client->eof = true;
		if (hung_up(client)) {
			client_close(client);
			return;
		}
	}
	client->in_len += (size_t)n;
	client_work(client);
}

static void
on_client(void *arg, int ready)
{
	struct client *client = arg;
	client_hold(client);
	if (ready & LOOP_WRITE) {
		flush(client);
		if (!client->closed)
			client_work(client);
	}
	if (!client->closed && ready & LOOP_READ)
		client_read(client);
	client_release(client);
}

/* Clients. ------------------------------------------------------------------------------------ */

static bool
in_group(int fd, const struct ucred *cred, gid_t gid)
{
	gid_t groups[256];
	socklen_t len = sizeof(groups);
	if (gid == (gid_t)-1)
		return false;
	if (cred->gid == gid)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return false;
	for (size_t i = 0; i < len / sizeof(*groups); i++) {
		if (groups[i] == gid)
			return true;
	}
	return false;
}

static void
name_user(struct client *client)
{
	const struct passwd *pw = getpwuid(client->cred.uid);
	snprintf(client->user, sizeof(client->user), "uid %u (%.64s)", (unsigned)client->cred.uid,
		 pw != NULL ? pw->pw_name : "unknown");
}

static void
client_new(struct ctl *ctl, int fd)
{
	struct client *client = xcalloc(1, sizeof(*client));
	socklen_t len = sizeof(client->cred);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client->cred, &len) != 0) {
		close(fd);
		free(client);
		return;
	}
	name_user(client);
	client->may_act = client->cred.uid == 0 || client->cred.uid == geteuid() ||
			  in_group(fd, &client->cred, ctl->admin_gid);
	client->ctl = ctl;
	client->fd = fd;
	client->in = xcalloc(1, REQUEST_MAX);
	client->timer = loop_timer_new(ctl->loop, on_timer, client);
	client->io = loop_io_new(ctl->loop, fd, LOOP_READ, on_client, client);
	client->prev = &ctl->clients;
	client->next = ctl->clients;
	if (client->next != NULL)
		client->next->prev = &client->next;
	ctl->clients = client;
	ctl->count++;
}

static void
accept_again(void *arg)
{
	struct ctl *ctl = arg;
	loop_io_want(ctl->io, LOOP_READ);
}

static void
on_accept(void *arg, int ready)
{
	static const char busy[] =
	    "{\"ok\":false,\"code\":1,\"error\":\"too many clients on the control socket\"}\n";
	struct ctl *ctl = arg;
	int fd = accept4(ctl->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			loop_io_want(ctl->io, 0); /* no descriptors: do not spin */
			loop_timer_set(ctl->pause, PAUSE_MS);
		}
		return;
	}
	if (ctl->count >= CLIENTS_MAX) {
		if (send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL) < 0)
			log_debug("control: a client was turned away");
		close(fd);
		return;
	}
	client_new(ctl, fd);
}

/* Opening and closing. ------------------------------------------------------------------------ */

static int
open_socket(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(addr.sun_path)) {
		log_error(
		    "%s: the path of a socket may have %zu octets; choose a shorter server.rundir",
		    path, sizeof(addr.sun_path) - 1);
		return MSIG_ESIZE;
	}
	strcpy(addr.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return knot_map_errno();
	/* What lies there is of a process that ended: the state's lock is ours. */
	struct stat st;
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	mode_t mask = umask(0117);
	int bound = bind(fd, (const struct sockaddr *)&addr, sizeof(addr));
	int error = errno;
	umask(mask);
	errno = error;
	if (bound != 0 || listen(fd, 16) != 0) {
		int ret = knot_map_errno();
		log_error("%s: %s", path, strerror(errno));
		close(fd);
		return ret;
	}
	return fd;
}

struct ctl *
ctl_listen(struct loop *loop, const char *path, const struct ctl_command *commands, gid_t admin_gid,
	   void *arg, int *err)
{
	int fd = open_socket(path);
	*err = fd < 0 ? fd : 0;
	if (fd < 0)
		return NULL;
	struct ctl *ctl = xcalloc(1, sizeof(*ctl));
	ctl->loop = loop;
	ctl->fd = fd;
	ctl->path = xstrdup(path);
	ctl->commands = commands;
	ctl->admin_gid = admin_gid;
	ctl->arg = arg;
	ctl->pause = loop_timer_new(loop, accept_again, ctl);
	ctl->io = loop_io_new(loop, fd, LOOP_READ, on_accept, ctl);
	return ctl;
}

void
ctl_about_zones(struct ctl *ctl, void (*add)(void *arg, json_t *answer))
{
	ctl->add = add;
}

void
ctl_free(struct ctl *ctl)
{
	if (ctl == NULL || ctl->closed)
		return;
	ctl->holds++;
	ctl->closed = true;
	while (ctl->clients != NULL)
		client_close(ctl->clients);
	loop_io_free(ctl->io);
	loop_timer_free(ctl->pause);
	close(ctl->fd);
	unlink(ctl->path);
	free(ctl->path);
	release(ctl);
}
