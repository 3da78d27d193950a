# What mutants.sh found, as TAP, or (table) as the tables of doc/mutants.md. A line per mutation: its name,
# the unit tests that notice it, and a seed, its world, what else is broken there ("-": nothing), how it
# fails.
BEGIN {
	FS = " "
	while ((getline <alone_in) > 0)
		times[$1] = $2
	FS = "\t"
}

{
	n++
	sub(/^ /, "", $2)
	kind = $1
	sub(/:.*/, "", kind)
	alone = $3 != "" && $5 == "-"
	good = $2 != "" || alone
	caught += good
	number[kind]++
	seed = $3 == "" ? "" : "seed " $3 " (" $4 "): " $6
	gsub(/\|/, "", seed)
	others = $5
	gsub(/\+/, ", ", others)
	if (alone)
		by_seed[kind]++
	else if ($3 != "")
		together[kind]++
	else if ($2 != "") {
		by_unit[kind]++
		by_steps[kind] += $2 == "steps"
		never[kind] += $1 in times && times[$1] == 0
	}
	way = !($1 in times) || $3 != "" ? "" : times[$1] == 0 ? "never alone in the way" : \
	    "alone in the way " times[$1] " times"
	if (table)
		row[n] = "| " $1 " | " (alone ? seed : "") " | " $2 " | " \
		    ($3 != "" && !alone ? others "; " seed : way) " |"
	else
		printf "%sok %d - %s:%s%s\n", good ? "" : "not ", n, $1,
		    $2 != "" ? " unit tests " $2 : "",
		    seed != "" ? " " seed (alone ? "" : ", with " others) : ""
}

END {
	for (k in number) {
		seeds += by_seed[k]
		sets += together[k]
		units += by_unit[k]
		steps += by_steps[k]
	}
	if (!table) {
		printf "1..%d\n# noticed by a seed alone: %d, by a seed in a set: %d, ", n, seeds, sets
		printf "by other unit tests: %d, by test_steps alone: %d\n", units - steps, steps
		printf "%d of %d caught\n", caught, all
		exit n == 0 || caught != all
	}
	print "| kind | mutations | a seed notices it alone | a seed notices it with what it is redundant with | no seed: unit tests | of these, never alone in the way | of these, `test_steps` alone |"
	print "|---|---|---|---|---|---|---|"
	split("guard done hold swap persist rule world", kinds, " ")
	for (i = 1; i in kinds; i++) {
		k = kinds[i]
		printf "| %s | %d | %d | %d | %d | %d | %d |\n", k, number[k], by_seed[k], together[k],
		    by_unit[k], never[k], by_steps[k]
		a += number[k]
		b += by_seed[k]
		c += together[k]
		d += by_unit[k]
		e += never[k]
		f += by_steps[k]
	}
	printf "| all | %d | %d | %d | %d | %d | %d |\n\n", a, b, c, d, e, f
	print "| mutation | seed | unit tests (`test_...`) | redundant with |"
	print "|---|---|---|---|"
	for (i = 1; i <= n; i++)
		print row[i]
	exit n == 0 || caught != all
}
