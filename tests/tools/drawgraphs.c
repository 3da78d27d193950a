/*
 * drawgraphs DIR: each process that agentd knows as DIR/NAME.txt and DIR/NAME.svg, as msigctl graph
 * prints them. Prints the names of the files.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agentd/graph.h"
#include "msigctl/draw.h"

static int
draw(const char *dir, const char *suffix, const struct process_rule *rule, const json_t *answer,
     void (*how)(const struct text *t, const json_t *answer))
{
	char path[4096];
	struct text t = {.columns = 100};

	snprintf(path, sizeof(path), "%s/%s.%s", dir, rule->name, suffix);
	t.out = fopen(path, "w");
	if (t.out == NULL) {
		perror(path);
		return 1;
	}
	how(&t, answer);
	if (fclose(t.out) != 0) {
		perror(path);
		return 1;
	}
	printf("%s.%s\n", rule->name, suffix);
	return 0;
}

int
main(int argc, char **argv)
{
	int failed = 0;

	if (argc != 2) {
		fputs("usage: drawgraphs DIR\n", stderr);
		return 2;
	}
	for (unsigned kind = 1; kind <= UINT8_MAX; kind++) {
		const struct process_rule *rule = process_rule((uint8_t)kind);
		json_t *answer;
		if (rule == NULL) {
			continue;
		}
		answer = json_pack("{s:o, s:n, s:n}", "process", graph_json(rule), "zone", "now");
		failed |= draw(argv[1], "txt", rule, answer, draw_text);
		failed |= draw(argv[1], "svg", rule, answer, draw_svg);
		json_decref(answer);
	}
	return failed;
}
