import { NodeApiError } from 'n8n-workflow';

import { Unreached } from '../api/failure';
import type { ItemError, ItemOutcome } from '../result/item';
import type { Entry } from './entries';
import type { Journal } from './journal';

/** n8n's own form of naming the item, at the end of a message. */
const ITEM_NUMBER = /( \[item \d+\])?$/;

const RETRY =
	'To go on without paying again, use Retry on this execution in the list of executions, which creates only what is missing, or give these task IDs to Wait for Video.';

/** *Retry* would pay again where the node was edited, or for all in a sub-workflow, which begins anew. */
const WAIT = 'To go on without paying again, give these task IDs to Wait for Video.';

/** *Retry* is no help for what is unclear: it does not send that again either. */
const WAIT_AND_LOOK = `${WAIT} Look for what is unclear in the dashboard of the AI Video API, and run it in a new execution only if it is not there.`;

/** One row of a table should not keep the others from becoming videos. */
const CONTINUE =
	'To make the other videos all the same, set On Error to Continue in the settings of this node. Items are counted from 0.';

/**
 * The error that ends a run which may have paid: its title says how many videos there are already, its
 * description which, and the cheapest way on; or that this run has spent nothing.
 */
export function nameCreated(
	error: ItemError,
	journal: Journal,
	outcomes: readonly ItemOutcome[],
	isOnItsOwn: boolean,
): ItemError {
	const paid = journal.paid();
	const isFree = paid.length === 0;
	const stands = ({ item, taskId }: Entry) => journal.taskIdOf(item) === taskId;
	const standing = paid.filter((entry) => entry.taskId !== null && stands(entry));
	const replaced = paid.filter((entry) => !stands(entry));
	const failed = journal.refunded().filter(({ taskId }) => !error.message.includes(taskId ?? ''));
	// What the API refused says itself whether it was charged.
	if (error instanceof NodeApiError && isFree && failed.length === 0) return error;
	const endsOthers = outcomes.some((outcome) => outcome instanceof Unreached);
	const mayRetry = isOnItsOwn && standing.every((entry) => journal.goesOnWith(entry));
	const wayOn = mayRetry ? RETRY : WAIT;
	const isUnclear = paid.some(({ taskId }) => taskId === null);
	if (standing.length > 0) {
		const videos = sayHowMany(standing.length, outcomes.length);
		error.message = error.message.replace(ITEM_NUMBER, (item) => ` (${videos})${item}`);
	}
	error.description = [
		isFree ? 'Nothing was spent in this run.' : '',
		error.description ?? '',
		isFree && endsOthers ? CONTINUE : '',
		listOf('created so far', standing, isUnclear ? WAIT_AND_LOOK : wayOn),
		listOf('created before a request was changed', replaced),
		listOf('that failed and whose credits were given back', failed),
	]
		.filter((part) => part !== '')
		.join(' ');
	return error;
}

function sayHowMany(count: number, itemCount: number): string {
	const total = Math.max(count, itemCount);
	if (total === 1) return 'the video was already created';
	return `${count} of ${total} videos ${count === 1 ? 'was' : 'were'} already created`;
}

function listOf(what: string, entries: readonly Entry[], advice = ''): string {
	const ids = entries.flatMap(({ taskId }) => taskId ?? []);
	if (ids.length === 0) return '';
	return `${ids.length === 1 ? 'The task' : 'The tasks'} ${what}: ${ids.join(', ')}. ${advice}`.trim();
}
