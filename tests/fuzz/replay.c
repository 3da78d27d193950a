/*
 * Runs a fuzz target without libFuzzer: every seed as it is, cut at every length, and changed in
 * simple ways by a generator with a fixed start. The target's name is that of the program behind
 * "replay_"; its seeds are in tests/fuzz/corpus/fuzz_<name>. Speaks TAP.
 */
#include <dirent.h>
#include <time.h>
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 70000

static uint64_t state = 0x9e3779b97f4a7c15;

static uint32_t
dice(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 33) % n;
}

/* Exactly as large as the input, so that a sanitizer sees the first octet behind it. */
static void
run(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);

	if (copy == NULL)
		abort();
	if (len > 0)
		memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static size_t
mutate(uint8_t *data, size_t len)
{
	static const uint8_t special[] = {0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff};
	size_t at, n;

	if (len == 0)
		return len;
	at = dice(len);
	n = dice(16) + 1;
	switch (dice(6)) {
	case 0:
		data[at] ^= 1 << dice(8);
		break;
	case 1:
		data[at] = special[dice(sizeof(special))];
		break;
	case 2:
		data[at] = dice(256);
		break;
	case 3: /* out */
		if (at + n < len) {
			memmove(data + at, data + at + n, len - at - n);
			len -= n;
		}
		break;
	case 4: /* twice */
		if (at + n <= len && len + n <= INPUT_MAX) {
			memmove(data + at + n, data + at, len - at);
			len += n;
		}
		break;
	default:
		len = at;
	}
	return len;
}

static void
replay(const uint8_t *seed, size_t len, unsigned rounds)
{
	static uint8_t data[INPUT_MAX];
	size_t n;

	run(seed, len);
	for (n = 0; n < len && n < 600; n++)
		run(seed, n);
	for (unsigned i = 0; i < rounds; i++) {
		memcpy(data, seed, len);
		n = len;
		for (uint32_t times = dice(4) + 1; times > 0; times--)
			n = mutate(data, n);
		run(data, n);
	}
}

static size_t
slurp(const char *path, uint8_t *data)
{
	FILE *f = fopen(path, "rb");
	size_t len;

	if (f == NULL) {
		printf("Bail out! %s cannot be read\n", path);
		exit(1);
	}
	len = fread(data, 1, INPUT_MAX, f);
	fclose(f);
	return len;
}

int
main(int argc, char **argv)
{
	static uint8_t seed[INPUT_MAX];
	const char *top = getenv("top_srcdir"), *name = strstr(argv[0], "replay_");
	unsigned rounds = getenv("MSIG_FULL") != NULL ? 100000 : 1000, count = 0;
	char folder[400], path[800];
	struct dirent *entry;
	DIR *dir;

	if (name == NULL)
		return 1;
	snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/fuzz_%s", top == NULL ? ".." : top,
		 name + strlen("replay_"));
	dir = opendir(folder);
	if (dir == NULL) {
		printf("Bail out! %s: no seeds\n", folder);
		return 1;
	}
	run(NULL, 0);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		replay(seed, slurp(path, seed), rounds);
		printf("ok %u - %s and %u mutations\n", ++count, entry->d_name, rounds);
		fflush(stdout);
	}
	closedir(dir);
	printf("1..%u\n", count);
	return count == 0;
}
