/** Numbers in the units of the language, from the command line. */
export const PARSING = String.raw`
enum kind { NUMBER, DURATION, RATIO, TRUTH, CPUS };

/* A number that has a name; the last of a list has none. */
struct choice {
	const char *name;
	long long value;
};

/* A param, a tunable or a table of the policy as an option. */
struct param {
	const char *name;
	const char *doc;
	enum kind kind;
	size_t size;
	long long least, most;
	const struct choice *choices;
};

static bool parse_number(const char *text, const struct param *p, long long *value)
{
	static const struct { const char *suffix; double factor; } units[] = {
		{ "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
	};
	const struct choice *choice;
	enum kind kind = p->kind;
	double number;
	char *end;
	size_t i;

	for (choice = p->choices; choice && choice->name; choice++) {
		if (!strcmp(text, choice->name)) {
			*value = choice->value;
			return true;
		}
	}
	if (kind == TRUTH && (!strcmp(text, "true") || !strcmp(text, "false"))) {
		*value = text[0] == 't';
		return true;
	}
	errno = 0;
	*value = strtoll(text, &end, 0);
	if (!errno && end != text && !*end && kind != RATIO)
		return true;
	number = strtod(text, &end);
	if (end == text)
		return false;
	if (kind == RATIO) {
		*value = number * 1024 / (*end == '%' ? 100 : 1) + 0.5;
		return !*end || !strcmp(end, "%");
	}
	for (i = 0; kind == DURATION && i < ARRAY_SIZE(units); i++) {
		if (!strcmp(end, units[i].suffix)) {
			*value = number * units[i].factor + 0.5;
			return true;
		}
	}
	return false;
}

static void store_number(void *place, size_t size, long long value)
{
	switch (size) {
	case 1:
		*(__u8 *)place = value;
		break;
	case 2:
		*(__u16 *)place = value;
		break;
	case 4:
		*(__u32 *)place = value;
		break;
	default:
		*(__u64 *)place = value;
	}
}

static int read_number(const struct param *p, const char *text, long long *value)
{
	static const char *const kinds[] = { "number", "duration such as 500us", "ratio such as 25%", "true or false" };

	if (!parse_number(text, p, value)) {
		fprintf(stderr, "--%s: '%s' is not a %s\n", p->name, text, p->choices ? "name that it knows" : kinds[p->kind]);
		return -EINVAL;
	}
	if (*value < p->least || *value > p->most) {
		fprintf(stderr, "--%s: %s is out of range\n", p->name, text);
		return -EINVAL;
	}
	return 0;
}

/* Stores the value where the programs read it. */
static __attribute__((unused)) int set_param(const struct param *p, void *place, const char *text)
{
	long long value;
	int err = read_number(p, text, &value);

	if (!err)
		store_number(place, p->size, value);
	return err;
}
`;

/** Params that are sets of CPUs. */
export const CPU_SETS = String.raw`
/* Reads CPUs as the kernel writes them, "0,4-7", into words of 64. */
static int set_cpus(const struct param *p, void *place, const char *text)
{
	__u64 *words = place;
	char *end = (char *)text;
	long first, last;

	memset(words, 0, p->size);
	for (;; text = end + 1) {
		first = last = strtol(text, &end, 10);
		if (end == text)
			break;
		if (*end == '-') {
			text = end + 1;
			last = strtol(text, &end, 10);
		}
		if (end == text || first < 0 || last < first || last >= (long)p->size * 8)
			break;
		for (; first <= last; first++)
			words[first / 64] |= 1ULL << (first % 64);
		if (!*end)
			return 0;
		if (*end != ',')
			break;
	}
	fprintf(stderr, "--%s: expected CPUs such as 0,4-7\n", p->name);
	return -EINVAL;
}
`;

/** `--NAME KEY=VALUE` for tables of the policy. */
export const TABLES = String.raw`
/* An entry of a table that the operator gave: '--table key=value'. Keys of VMs may be names with wildcards. */
struct entry {
	const struct param *table;
	char key[64];
	__u64 value;
};

static struct entry entries[1024];
static size_t nr_entries;

static int add_entry(const struct param *table, const char *text)
{
	struct entry *e = &entries[nr_entries];
	const char *equals = strrchr(text, '=');
	long long value;
	int err;

	if (nr_entries == ARRAY_SIZE(entries)) {
		fprintf(stderr, "--%s: tables of more than %zu entries\n", table->name, ARRAY_SIZE(entries));
		return -EINVAL;
	}
	if (!equals || equals - text >= (long)sizeof(e->key)) {
		fprintf(stderr, "--%s: '%s' is no KEY=VALUE\n", table->name, text);
		return -EINVAL;
	}
	err = read_number(table, equals + 1, &value);
	if (err)
		return err;
	e->table = table;
	memcpy(e->key, text, equals - text);
	store_number(&e->value, table->size, value);
	nr_entries++;
	return 0;
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static bool comm_matches(pid_t pid, const char *pattern)
{
	char path[64], name[32];
	bool matches = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (fgets(name, sizeof(name), file)) {
		name[strcspn(name, "\n")] = 0;
		matches = !fnmatch(pattern, name, 0);
	}
	fclose(file);
	return matches;
}

static void put_entry(int map, const void *key, const struct entry *e)
{
	if (bpf_map_update_elem(map, key, &e->value, BPF_ANY))
		complain("the table %s is full", e->table->name);
}

/* Enters what was given by number, and whatever processes have the given names now. */
static __attribute__((unused)) void fill_table(const struct param *table, int map)
{
	struct dirent *process;
	__u32 id;
	DIR *dir;
	size_t i;

	for (i = 0; i < nr_entries; i++) {
		struct entry *e = &entries[i];

		if (e->table != table)
			continue;
		if (is_number(e->key)) {
			id = strtoul(e->key, NULL, 10);
			put_entry(map, &id, e);
			continue;
		}
		dir = opendir("/proc");
		while (dir && (process = readdir(dir))) {
			id = strtoul(process->d_name, NULL, 10);
			if (id && comm_matches(id, e->key))
				put_entry(map, &id, e);
		}
		if (dir)
			closedir(dir);
	}
}

/* A table by name: keys are names of threads as they are. */
static __attribute__((unused)) void fill_by_name(const struct param *table, int map)
{
	char name[16];
	size_t i;

	for (i = 0; i < nr_entries; i++) {
		if (entries[i].table != table)
			continue;
		memset(name, 0, sizeof(name));
		strncpy(name, entries[i].key, sizeof(name) - 1);
		put_entry(map, name, &entries[i]);
	}
}
`;
