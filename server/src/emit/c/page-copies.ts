/*
 * For loaders and agents: a page is copied as a whole or not at all, whatever the other side does meanwhile. Its writers count the
 * changes that have begun and those that are done.
 */

type Which = 'hint' | 'feedback';

/** Copies a page of memory that the other side may be changing. */
export const copyPage = (which: Which): string => String.raw`
/*
 * Copies a page that its writer may be changing; false: it did so all the time, or a guest that is up to no good says
 * that it does. What is in the making is left alone.
 */
static bool copy_${which}(struct ${which} *to, const struct ${which} *from)
{
	__u32 done;
	int i;

	for (i = 0; i < 1000; i++) {
		done = __atomic_load_n(&from->pv_done, __ATOMIC_ACQUIRE);
		memcpy(to, from, sizeof(*to));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&from->pv_begun, __ATOMIC_RELAXED) == done)
			return true;
	}
	return false;
}
`;

/** Writes a page of memory that the other side may be copying; nobody else writes it. */
export const publishPage = (which: Which): string => String.raw`
/* Shows the ${which === 'hint' ? 'host' : 'guest'} a page, if it is another than the last, or whoever showed that one did not come to its end. */
static void publish_${which}(struct ${which} *to, const struct ${which} *page)
{
	const size_t size = offsetof(struct ${which}, pv_begun);
	__u32 n = to->pv_begun + 1;

	if (!memcmp(to, page, size) && to->pv_begun == to->pv_done)
		return;
	__atomic_store_n(&to->pv_begun, n, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy(to, page, size);
	__atomic_store_n(&to->pv_done, n, __ATOMIC_RELEASE);
}
`;

/** For the loader in the guest: hands a page to programs that may be reading the last one. */
export const HAND_FEEDBACK = String.raw`
/* Gives the programs another page, where it is another, beside the one that they may be reading. */
static void hand_feedback(struct pv_told *told, const struct feedback *page)
{
	__u32 turn = told->turn + 1;

	if (!memcmp(&told->page[told->turn & 1], page, offsetof(struct feedback, pv_begun)))
		return;
	/* The turn before this one is seen before the page that it left is written. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	memcpy(&told->page[turn & 1], page, sizeof(*page));
	__atomic_store_n(&told->turn, turn, __ATOMIC_RELEASE);
}
`;
