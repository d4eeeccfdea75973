#include "tricks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

const struct trick tricks[] = {
	/* --- exchanged */
	{ "older data in the place of the newest", "cp whole/$old_data $R/$data", MUST_REFUSE, "data/", "data/" },
	{ "older keys in the place of the newest", "cp whole/$old_vault $R/$vault", MUST_REFUSE, "vault/", "vault/" },
	{ "another store's data", "cp other/$other_data $R/$data", MUST_REFUSE, "data/", "data/" },
	{ "another store's keys", "cp other/$other_vault $R/$vault", MUST_REFUSE, "vault/", "vault/" },
	{ "data and keys exchanged", "cp whole/$data $R/$vault; cp whole/$vault $R/$data", MUST_REFUSE, "vault/",
		"vault/" },
	{ "two older objects exchanged", "cp whole/$(of whole 0000000003) $R/$old_data; cp whole/$old_data "
		"$R/$(of whole 0000000003)", MUST_BE_SAME, NULL, "data/", .is_fault = true },
	{ "a manifest exchanged with the one before", "for e in '' .minisig; do cp whole/manifest/0000000004$e "
		"$R/manifest/0000000005$e; done", MUST_REFUSE, "manifest/0000000005", "manifest/0000000005" },
	{ "a signature exchanged with the one before", "cp whole/manifest/0000000004.minisig "
		"$R/manifest/0000000005.minisig", MUST_REFUSE, "manifest/0000000005", "manifest/0000000005" },
	{ "another store's manifest", "for e in '' .minisig; do cp other/manifest/0000000002$e "
		"$R/manifest/0000000002$e; done", MUST_REFUSE, "manifest/0000000002", "manifest/0000000002" },
	{ "another store's log", "rm -r $R/log; cp -a other/log $R/log", MUST_REFUSE, "log", "log" },
	{ "another store's whole repository", "rm -r $R; cp -a other $R", MUST_REFUSE, "manifest/", "manifest/" },
	/* --- dropped */
	{ "without the newest data", "rm $R/$data", MUST_REFUSE, "data/", "data/" },
	{ "without the newest keys", "rm $R/$vault", MUST_REFUSE, "vault/", "vault/" },
	{ "without older data", "rm $R/$old_data", MUST_BE_SAME, NULL, "data/", .is_fault = true },
	{ "without data/", "rm -r $R/data", MUST_REFUSE, "data/", "data/" },
	{ "without vault/", "rm -r $R/vault", MUST_REFUSE, "vault/", "vault/" },
	{ "without log/", "rm -r $R/log", MUST_REFUSE, "log", "log" },
	{ "without a checkpoint", "rm $R/log/checkpoint", MUST_REFUSE, "log", "log" },
	{ "without the log's entries", "rm -r $R/log/tile/entries", MUST_REFUSE, "log", "log" },
	{ "without manifest/", "rm -r $R/manifest", MUST_REFUSE, "manifest", "manifest" },
	{ "without any manifest", "rm $R/manifest/*", MUST_REFUSE, "manifest/", "no backup" },
	{ "without a signature", "rm $R/manifest/0000000003.minisig", MUST_REFUSE, "manifest/0000000003",
		"manifest/0000000003" },
	{ "without the chain's beginning", "rm $R/manifest/0000000001*", MUST_REFUSE, "manifest/0000000002",
		"manifest/0000000002" },
	{ "without the chain's middle", "rm $R/manifest/0000000003*", MUST_REFUSE, "manifest/0000000004",
		"manifest/0000000004" },
	/* --- doubled, replayed */
	{ "an object twice", "mkdir -p $R/data/00; cp whole/$data $R/data/00/00$(echo $data | cut -c11-)", MUST_BE_SAME, NULL,
		"data/00" },
	{ "the newest keys once more, under a higher generation", "cp whole/$vault $R/vault/00000000000000000099-$(echo "
		"$vault | cut -c28-)", MUST_RESTRICT, NULL, "vault/00000000000000000099" },
	{ "an old manifest as the newest", "for e in '' .minisig; do cp whole/manifest/0000000001$e "
		"$R/manifest/0000000006$e; done", MUST_REFUSE, "manifest/0000000006", "manifest/0000000006" },
	{ "manifest 0", "for e in '' .minisig; do cp whole/manifest/0000000001$e $R/manifest/0000000000$e; done",
		MUST_REFUSE, "manifest/0000000000", "manifest/0000000000" },
	{ "the last number that there is", "for e in '' .minisig; do cp whole/manifest/0000000005$e "
		"$R/manifest/9999999999$e; done", MUST_REFUSE, "manifest/9999999999", "manifest/9999999999" },
	/* --- rolled back */
	{ "the chain cut at its end", "rm $R/manifest/000000000[45]*", MUST_FORGET, NULL, "vault/", .is_rollback = true },
	{ "the chain cut before the first erasure", "rm $R/manifest/000000000[2345]*", MUST_FORGET, NULL, "vault/",
		.is_rollback = true },
	{ "the log of before", "rm -r $R/log; cp -a first/log $R/log", MUST_RESTRICT, NULL, "log" },
	{ "chain and log of before the first erasure", "rm -r $R/log $R/manifest; cp -a first/log first/manifest $R/",
		MUST_BE_CAREFUL, NULL, "vault/", .is_rollback = true },
	{ "all of it as it was before", "rm -r $R; cp -a second $R", MUST_BE_OLDER, NULL, NULL, .is_rollback = true },
	/* --- forks: by the same keys */
	{ "the fork's manifests", "rm -r $R/manifest; cp -a fork/manifest $R/", MUST_REFUSE, "vault/", "vault/" },
	{ "the fork's manifests and objects", "rm -r $R/manifest; cp -a fork/manifest fork/data fork/vault $R/",
		MUST_REFUSE, "log", "log" },
	{ "the fork's log", "rm -r $R/log; cp -a fork/log $R/", MUST_RESTRICT, NULL, "log" },
	{ "the fork's newest manifest behind ours", "for e in '' .minisig; do cp fork/manifest/0000000005$e "
		"$R/manifest/0000000005$e; done; cp -a fork/data fork/vault $R/", MUST_REFUSE, "manifest/0000000005",
		"manifest/0000000005" },
	/* --- what is no file */
	{ "a link to the newest data", "mv $R/$data $R/elsewhere; ln -s $R/elsewhere $R/$data", MUST_REFUSE, "data/",
		"data/" },
	{ "a link to nowhere", "ln -sf /nowhere $R/$vault", MUST_REFUSE, "vault/", "vault/" },
	{ "a link from a manifest to itself", "ln -sf 0000000002 $R/manifest/0000000002", MUST_REFUSE,
		"manifest/0000000002", "manifest/0000000002" },
	{ "a pipe as the newest data", "rm $R/$data; mkfifo $R/$data", MUST_REFUSE, "data/", "data/" },
	{ "a pipe as the newest keys", "rm $R/$vault; mkfifo $R/$vault", MUST_REFUSE, "vault/", "vault/" },
	{ "a pipe as a manifest", "rm $R/manifest/0000000002; mkfifo $R/manifest/0000000002", MUST_REFUSE,
		"manifest/0000000002", "manifest/0000000002" },
	{ "a pipe as a signature", "rm $R/manifest/0000000002.minisig; mkfifo $R/manifest/0000000002.minisig",
		MUST_REFUSE, "manifest/0000000002", "manifest/0000000002" },
	{ "a pipe as the checkpoint", "rm $R/log/checkpoint; mkfifo $R/log/checkpoint", MUST_REFUSE, "log", "log" },
	{ "pipes as the log's entries", "for f in $(find $R/log/tile/entries -type f); do rm $f; mkfifo $f; done",
		MUST_REFUSE, "log", "log" },
	{ "pipes as the log's hashes", "for f in $(find $R/log/tile/0 -type f); do rm $f; mkfifo $f; done", MUST_REFUSE,
		"log", "log" },
	{ "a link from the checkpoint to /dev/zero", "ln -sf /dev/zero $R/log/checkpoint", MUST_REFUSE, "log", "log" },
	{ "directories as data and keys", "rm $R/$data $R/$vault; mkdir $R/$data $R/$vault", MUST_REFUSE, "vault/",
		"vault/" },
	{ "a directory as a manifest", "rm $R/manifest/0000000002; mkdir $R/manifest/0000000002", MUST_REFUSE,
		"manifest/0000000002", "manifest/0000000002" },
	{ "a directory as the checkpoint", "rm $R/log/checkpoint; mkdir $R/log/checkpoint", MUST_REFUSE, "log", "log" },
	{ "a file as data/", "rm -r $R/data; touch $R/data", MUST_REFUSE, "data/", "data" },
	{ "a file as vault/", "rm -r $R/vault; touch $R/vault", MUST_REFUSE, "vault/", "vault" },
	{ "a file as manifest/", "rm -r $R/manifest; touch $R/manifest", MUST_REFUSE, "manifest", "manifest" },
	{ "a file as log/", "rm -r $R/log; touch $R/log", MUST_REFUSE, "log", "log" },
	{ "/dev/zero as data and checkpoint", "rm $R/$data $R/log/checkpoint; mknod $R/$data c 1 5; mknod "
		"$R/log/checkpoint c 1 5", MUST_REFUSE, "data/", "data/", .is_for_root = true },
	{ "a socket as the newest keys", "rm $R/$vault; python3 -c 'import socket,sys,os; os.chdir(sys.argv[1]); "
		"socket.socket(socket.AF_UNIX).bind(\"s\"); os.rename(\"s\", sys.argv[2])' $R $R/$vault", MUST_REFUSE,
		"vault/", "vault/" },
	{ "pipes and links where nobody looks", "mkfifo $R/tmp/p $R/p; ln -s / $R/root; ln -s .. $R/data/up", MUST_BE_SAME,
		NULL, "tmp/p" },
	{ "links as directories, to the same", "for d in data vault manifest log; do mv $R/$d $R/$d.kept; ln -s $d.kept "
		"$R/$d; done", MUST_BE_SAME, NULL, NULL },
	/* --- links into the state of the custosd that writes here */
	{ "tmp/ is a link to the state", "rm -r $R/tmp; ln -s $V/state $R/tmp", MUST_BE_SAME, NULL, "tmp is a link", .is_fault = true },
	{ "tmp/ is a link to its keys", "rm -r $R/tmp; ln -s $V/state/keys $R/tmp", MUST_BE_SAME, NULL, "tmp is a link", .is_fault = true },
	{ "log/ is a link to its log", "rm -r $R/log; ln -s $V/state/log $R/log", MUST_FORGET, NULL, NULL },
	{ "vault/ is a link to the state", "rm -r $R/vault; ln -s $V/state $R/vault", MUST_REFUSE, "vault/", "vault/" },
	{ "data/ is a link to the state", "rm -r $R/data; ln -s $V/state $R/data", MUST_REFUSE, "data/", "data/" },
	{ "manifest/ is a link to the state", "rm -r $R/manifest; ln -s $V/state $R/manifest", MUST_REFUSE, "manifest",
		"manifest" },
	/* --- giants: sparse, of 1 TiB */
	{ "a giant manifest", "truncate -s 1T $R/manifest/0000000002", MUST_REFUSE, "manifest/0000000002",
		"manifest/0000000002" },
	{ "a giant signature", "truncate -s 1T $R/manifest/0000000002.minisig", MUST_REFUSE, "manifest/0000000002",
		"manifest/0000000002" },
	{ "giant data and keys", "truncate -s 1T $R/$data $R/$vault", MUST_REFUSE, "vault/", "vault/" },
	{ "a giant checkpoint", "truncate -s 1T $R/log/checkpoint", MUST_REFUSE, "log", "log" },
	{ "giant entries", "truncate -s 1T $(find $R/log/tile/entries -type f)", MUST_REFUSE, "log", "log" },
	{ "giant hashes", "truncate -s 1T $(find $R/log/tile/0 -type f)", MUST_REFUSE, "log", "log" },
	{ "20,000 files that are none of ours", "cd $R/manifest; seq -f x%06.0f 20000 | xargs touch", MUST_BE_SAME, NULL,
		"manifest/x" },
	{ "5,000 numbers without a manifest", "cd $R/manifest; seq -f %010.0f 6 5006 | xargs touch", MUST_REFUSE,
		"manifest/0000000006", "manifest/0000000006" },
	/* --- names */
	{ "names with newlines and escapes", "touch \"$R/manifest/$(printf 'a\\nb\\033[31mc')\" \"$R/vault/$(printf "
		"'\\n\\r\\t\\007')\"", MUST_BE_SAME, NULL, "is not a name that custos gives" },
	{ "names that are no UTF-8", "touch \"$R/data/$(printf '\\377\\376')\" \"$R/vault/$(printf '\\300\\200')\"",
		MUST_BE_SAME, NULL, "is not a name that custos gives" },
	{ "names of 255 bytes, and dots", "n=$(printf %0255d 7); touch $R/data/$n $R/vault/$n $R/manifest/$n $R/vault/... "
		"$R/data/..data", MUST_BE_SAME, NULL, "is not a name that custos gives" },
	{ "names of ours in other letters", "cp whole/$data $R/data/$(basename $data | tr a-f A-F); touch "
		"$R/manifest/0000000005.MINISIG $R/manifest/5", MUST_BE_SAME, NULL, "is not a name that custos gives" },
};

const size_t ntricks = sizeof(tricks) / sizeof(*tricks);
const char *trick_like;

bool trick_is_for_us(const struct trick *t)
{
	return (!t->is_for_root || geteuid() == 0) && (!trick_like || strstr(t->what, trick_like));
}

void trick_play(const struct victim *v, const char *repo, const struct trick *t)
{
	free(run_shell("rm -rf '%s' '%s'.kept* && cp -a '%s/whole' '%s'", repo, repo, v->dir, repo));
	victim_shell(v, repo, t->line);
}

/* --- in this process --------------------------------------------------------------------- */

static uint64_t count(const struct ground *g)
{
	(void)g;
	return ntricks;
}

static const char *play(struct ground *g, uint64_t i, char what[300])
{
	const struct trick *t = &tricks[i];
	struct reading *r = &g->reading;
	const char *wrong;

	snprintf(what, 300, "%s", t->what);
	if (!trick_is_for_us(t)) {
		return NULL;
	}
	trick_play(g->victim, g->repo, t);
	reading_restore(r, g->repo);
	wrong = reading_judge(r, t->must, t->about);
	reading_clear(r);
	if (!wrong) {
		reading_check(r, g->repo);
		if (!t->told != (r->faults + r->notes == 0)) {
			wrong = t->told ? "check finds nothing" : "check finds something";
		} else if (t->told && !strstr(r->told, t->told)) {
			wrong = "check does not name it";
		}
	}
	free(run_shell("rm -rf '%s' && cp -a '%s/whole' '%s'", g->repo, g->victim->dir, g->repo));
	return wrong;
}

const struct kind trick_kinds[] = {
	{ "tricks", count, play, 0, 12, 10 },
	{ 0 },
};
