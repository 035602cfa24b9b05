// What keeps an agent able to undo what it did, and who undoes it when the agent dies.

/** For the agent and its watchdog. */
export const RUN_AHEAD = String.raw`
static int agent_prio = 60;

/* Behind what the policy boosts, nobody could end the boost. */
static int run_ahead(void)
{
	struct sched_param param = { .sched_priority = agent_prio };

	mlockall(MCL_CURRENT | MCL_FUTURE);
	return agent_prio ? sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) : 0;
}
`;

/** The process that undoes everything when the agent dies, however it dies. */
export const WATCHDOG = String.raw`
/*
 * Undoes everything when this process is gone, also when it was killed: the pipe to it closes with it. It starts
 * before anything is changed.
 */
static int start_watchdog(void)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	switch (fork()) {
	case -1:
		return -errno;
	case 0:
		close(ends[1]);
		/* Where it cannot, the agent cannot either, and says so. */
		(void)run_ahead();
		drop_privileges();
		setsid();
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			;
		restore_all();
		_exit(0);
	default:
		close(ends[0]);
		return 0;
	}
}
`;
