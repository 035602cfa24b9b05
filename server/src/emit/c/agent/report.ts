/** How the agent prints counters and histograms. */
export const REPORT = String.raw`
/* One number that the policy keeps: a counter, or a histogram with its slots. */
struct figure {
	const char *name;
	size_t offset;
	bool histogram;
	bool duration;
};

/* Numbers that are kept together: one map. */
struct group {
	const char *per;
	int map;
	size_t size;
	bool keyed;	/* by an id; else one entry, or one a CPU */
	bool percpu;
	__u32 entries;
	const struct figure *stats;
	int nr_stats;
	void *gone;	/* numbers of those that are gone and whose places were needed */
};

static __u64 number_at(const void *values, const struct group *g, size_t offset)
{
	size_t stride = (g->size + 7) / 8 * 8;
	__u64 total = 0;
	int cpu;

	for (cpu = 0; cpu < (g->percpu ? nr_cpus : 1); cpu++)
		total += *(const __u64 *)((const char *)values + cpu * stride + offset);
	return total;
}

static void print_histogram(const void *values, const struct group *g, const struct figure *s)
{
	__u64 slots[64], count = 0, seen = 0, sum = number_at(values, g, s->offset + sizeof(slots));
	int i, p50 = -1, p99 = -1;

	for (i = 0; i < 64; i++)
		count += slots[i] = number_at(values, g, s->offset + i * sizeof(__u64));
	if (as_json) {
		printf("{\"count\":%llu,\"sum\":%llu,\"slots\":[", (unsigned long long)count, (unsigned long long)sum);
		for (i = 0; i < 64; i++)
			printf("%s%llu", i ? "," : "", (unsigned long long)slots[i]);
		printf("]}");
		return;
	}
	for (i = 0; i < 64; i++) {
		seen += slots[i];
		if (p50 < 0 && seen * 2 >= count)
			p50 = i;
		if (p99 < 0 && seen * 100 >= count * 99)
			p99 = i;
	}
	if (!count) {
		printf("none\n");
		return;
	}
	printf("%llu, mean %llu%s, half below %llu, 99%% below %llu\n", (unsigned long long)count,
	       (unsigned long long)(sum / count), s->duration ? " ns" : "", 2ULL << p50, 2ULL << p99);
}

/* All numbers of one entity; in JSON with a comma before all but the first. */
static void print_entry(const struct group *g, __u32 key, const void *values, bool first)
{
	int i;

	if (as_json)
		printf("%s{\"per\":\"%s\",\"id\":%u", first ? "" : ",", g->per, key);
	for (i = 0; i < g->nr_stats; i++) {
		const struct figure *s = &g->stats[i];

		if (as_json)
			printf(",\"%s\":", s->name);
		else if (g->keyed && !key)
			printf("%s of every %s that is gone: ", s->name, g->per);
		else if (g->keyed || g->entries > 1)
			printf("%s of %s %u: ", s->name, g->per, key);
		else
			printf("%s: ", s->name);
		if (s->histogram)
			print_histogram(values, g, s);
		else
			printf(as_json ? "%llu" : "%llu\n", (unsigned long long)number_at(values, g, s->offset));
	}
	if (as_json)
		printf("}");
}

static bool is_gone(__u32 id)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", id);
	return access(path, F_OK) != 0;
}

/* Adds the numbers of those that are gone up and gives their places free, once half of the places are taken. */
static void fold_gone(struct group *g)
{
	size_t size = (g->size + 7) / 8 * 8;
	__u64 *values = calloc(nr_cpus, size);
	__u32 key, next, n = 0;
	size_t i;
	bool more;

	if (!g->gone)
		g->gone = calloc(nr_cpus, size);
	for (more = !bpf_map_get_next_key(g->map, NULL, &key); more; more = !bpf_map_get_next_key(g->map, &key, &key))
		n++;
	if (n > g->entries / 2 && values && g->gone) {
		for (more = !bpf_map_get_next_key(g->map, NULL, &key); more; key = next) {
			more = !bpf_map_get_next_key(g->map, &key, &next);
			if (!is_gone(key) || bpf_map_lookup_elem(g->map, &key, values))
				continue;
			for (i = 0; i < nr_cpus * size / 8; i++)
				((__u64 *)g->gone)[i] += values[i];
			bpf_map_delete_elem(g->map, &key);
		}
	}
	free(values);
}

static bool is_zero(const void *values, size_t size)
{
	const char *bytes = values;

	return !size || (!bytes[0] && !memcmp(bytes, bytes + 1, size - 1));
}

static bool print_group(const struct group *g, bool first)
{
	size_t size = (g->size + 7) / 8 * 8 * (g->percpu ? nr_cpus : 1);
	__u32 key = 0, previous = 0;
	void *values = calloc(1, size);
	bool more;

	if (!values)
		return first;
	if (g->keyed) {
		for (more = !bpf_map_get_next_key(g->map, NULL, &key); more;
		     previous = key, more = !bpf_map_get_next_key(g->map, &previous, &key)) {
			if (bpf_map_lookup_elem(g->map, &key, values))
				continue;
			print_entry(g, key, values, first);
			first = false;
		}
		if (g->gone && !is_zero(g->gone, size)) {
			print_entry(g, 0, g->gone, first);
			first = false;
		}
	} else {
		for (key = 0; key < g->entries; key++) {
			if (bpf_map_lookup_elem(g->map, &key, values) || (g->entries > 1 && is_zero(values, size)))
				continue;
			print_entry(g, key, values, first);
			first = false;
		}
	}
	free(values);
	return first;
}

static void print_groups(const struct group *groups, int nr)
{
	bool first = true;
	int i;

	for (i = 0; i < nr; i++)
		first = print_group(&groups[i], first);
}

`;

/** What the programs could not do, in the report; `guarded`: calls may have been refused. */
export const healthReport = (guarded: boolean): string =>
  guarded
    ? HEALTH.replace('\\"health\\":{', '$&\\"calls_refused\\":%llu,')
        .replace('\t\t       (unsigned', '\t\t       (unsigned long long)h->calls_refused,\n$&')
        .replace(/}\n$/, `${REFUSED}}\n`)
    : HEALTH;

const REFUSED = String.raw`	if (h->calls_refused)
		printf("%llu calls were refused: their hook had interrupted another\n", (unsigned long long)h->calls_refused);
`;

const HEALTH = String.raw`
static void print_health(const struct pv_health *h)
{
	if (as_json) {
		printf("\"health\":{\"requests_dropped\":%llu,\"states_lost\":%llu,\"stats_lost\":%llu,\"updates_lost\":%llu}",
		       (unsigned long long)h->requests_dropped, (unsigned long long)h->states_lost,
		       (unsigned long long)h->stats_lost, (unsigned long long)h->updates_lost);
		return;
	}
	if (h->requests_dropped)
		printf("%llu requests were dropped: the agent was too slow\n", (unsigned long long)h->requests_dropped);
	if (h->states_lost)
		printf("%llu times there was no room for state\n", (unsigned long long)h->states_lost);
	if (h->stats_lost)
		printf("%llu times there was no room to count\n", (unsigned long long)h->stats_lost);
	if (h->updates_lost)
		printf("%llu updates were lost to other CPUs\n", (unsigned long long)h->updates_lost);
}
`;
