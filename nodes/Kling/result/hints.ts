import { isHttpUrl } from '../api/address';
import { ApiFailure, Failure, Refusal, valuesOf } from '../api/failure';
import { describeFailure } from '../api/messages';
import { advice, type Hint, warning } from '../n8n/hints';
import { type ItemOutcome, VideoFailed } from './item';
import { isRefunded, type TaskFailure } from './task';

/**
 * What the user should know of the videos of a run: where they are, what they cost, and those that
 * are missing.
 */
export function resultHints(outcomes: readonly ItemOutcome[], costs: readonly Hint[] = []): Hint[] {
	return [
		...videoLinks(outcomes),
		...costs,
		...failedVideos(outcomes),
		...lateVideos(outcomes),
		...refusedItems(outcomes),
	];
}

function shareOf(count: number, all: number): string {
	return all === 1 ? 'The video' : `${count} of ${all} videos`;
}

const CAUSES_SHOWN = 3;

/** Words of the API among them, where HTML counts (n8n: hints are sanitized HTML). */
function listCauses(texts: readonly string[]): string {
	const causes = [...new Set(texts)].map((text) =>
		text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/\.$/, ''),
	);
	const named = causes.slice(0, CAUSES_SHOWN).join('; ');
	return causes.length > CAUSES_SHOWN ? `${named}; …` : named;
}

/** Why its task ended without a video; null where it did not. */
export function failureOf(outcome: ItemOutcome): TaskFailure | null {
	if (outcome instanceof VideoFailed) return outcome.task.failure;
	return outcome instanceof Failure ? null : (outcome.task?.failure ?? null);
}

function failedVideos(outcomes: readonly ItemOutcome[]): Hint[] {
	const failures = outcomes.flatMap((outcome) => failureOf(outcome) ?? []);
	if (failures.length === 0) return [];
	const causes = listCauses(failures.map(({ code, message }) => message || code));
	const share = shareOf(failures.length, outcomes.length);
	const isMixedIn = valuesOf(outcomes).some((outcome) => failureOf(outcome) !== null);
	const failed = warning(`${share} failed: ${causes}. ${creditsOf(failures)}`);
	return isMixedIn ? [failed, OWN_OUTPUT] : [failed];
}

const OWN_OUTPUT = advice(
	'To send failed videos another way, set On Error to “Continue (using error output)” in the settings of this node.',
);

function creditsOf(failures: readonly TaskFailure[]): string {
	const refunded = failures.filter(isRefunded).length;
	if (refunded === failures.length) {
		return `${refunded === 1 ? 'Its' : 'Their'} credits were given back.`;
	}
	if (refunded === 0) return 'The API gives credits back only for tasks that failed there.';
	return `The credits of ${refunded} of them were given back.`;
}

function lateVideos(outcomes: readonly ItemOutcome[]): Hint[] {
	const late = valuesOf(outcomes).filter(({ timedOut }) => timedOut === true).length;
	if (late === 0) return [];
	const [was, id] = late === 1 ? ['was', 'its task ID'] : ['were', 'their task IDs'];
	const happened = `${shareOf(late, outcomes.length)} ${was} not ready in time`;
	return [warning(`${happened}. Nothing is lost: use Wait for Video or Get Video with ${id}.`)];
}

/** Items that did not come to a task, or whose task cannot be read. */
function refusedItems(outcomes: readonly ItemOutcome[]): Hint[] {
	const failed = outcomes.filter((outcome) => outcome instanceof Failure);
	const refused = failed.filter((failure) => !(failure instanceof VideoFailed));
	if (refused.length === 0) return [];
	const was = refused.length === 1 ? 'was' : 'were';
	const isLocal = refused.every((failure) => failure instanceof Refusal);
	const happened = isLocal ? `${was} not started` : 'did not go through';
	const causes = listCauses(
		refused.map((failure) =>
			failure instanceof ApiFailure ? describeFailure(failure.detail).message : failure.message,
		),
	);
	return [warning(`${refused.length} of ${outcomes.length} items ${happened}: ${causes}.`)];
}

/** More would push the items out of sight. */
const LINKS_SHOWN = 10;

/**
 * Links to the videos of a run, in the order of its items: the editor shows addresses in items as
 * plain text, and links in hints.
 */
export function videoLinks(outcomes: readonly ItemOutcome[]): string[] {
	const urls = valuesOf(outcomes).flatMap(({ task }) => task?.videoUrl ?? []);
	const shown = urls.filter(isHttpUrl).slice(0, LINKS_SHOWN);
	if (shown.length === 0) return [];
	if (urls.length === 1) return shown.map((url) => link(url, 'Open the video'));
	const links = shown.map((url, index) => link(url, String(index + 1))).join(' ');
	const rest = urls.length - shown.length;
	return [`Open the videos: ${links}${rest === 0 ? '' : ` and ${rest} more`}`];
}

/** `URL` escapes whatever could end the attribute. */
function link(url: string, text: string): string {
	return `<a href="${new URL(url).href}" target="_blank">${text}</a>`;
}

const USUAL_TIME = 'Most videos take 1 to 15 minutes.';

/** How long the videos that are under way have been running. */
export function runningHints(outcomes: readonly ItemOutcome[], nowMs: number): string[] {
	const running = valuesOf(outcomes).flatMap(({ task }) =>
		task !== undefined && task.videoUrl === null && task.failure === null ? [task] : [],
	);
	const [first] = running;
	if (first === undefined) return [];
	if (running.length > 1) {
		return [`${running.length} of ${outcomes.length} videos are under way. ${USUAL_TIME}`];
	}
	const minutes = first.createdAt === null ? 0 : (nowMs - Date.parse(first.createdAt)) / 60_000;
	const since = minutes < 1 ? 'less than a minute' : `${Math.round(minutes)} min`;
	return [`The video has been under way for ${since}. ${USUAL_TIME}`];
}
