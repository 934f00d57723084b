import { isHttpUrl } from '../api/address';
import { ApiFailure, Failure, Refusal, valuesOf } from '../api/failure';
import { describeFailure } from '../api/messages';
import { advice, type Hint, warning } from '../n8n/hints';
import { failureOf, type ItemOutcome, VideoFailed } from './item';
import { isRefunded, type SimplifiedTask, type TaskFailure } from './task';

/** What the user should know of the videos of a run: where they are, what they cost, and those that are missing. */
export function resultHints(outcomes: readonly ItemOutcome[], costs: readonly Hint[] = []): Hint[] {
	const tasks = tasksOf(outcomes);
	const failures = outcomes.flatMap((outcome) => failureOf(outcome) ?? []);
	const late = tasks.filter(({ timedOut }) => timedOut === true).length;
	// They did not come to a task, or their task cannot be read.
	const refused = outcomes
		.filter((outcome) => outcome instanceof Failure)
		.filter((failure) => !(failure instanceof VideoFailed));
	const all = outcomes.length;
	const hints = [
		...videoLinks(tasks),
		...costs,
		failures.length > 0 && warning(failedText(failures, all)),
		tasks.some(({ failure }) => failure !== null) && OWN_OUTPUT,
		late > 0 && warning(lateText(late, all)),
		refused.length > 0 && warning(refusedText(refused, all)),
	];
	return hints.filter((hint) => hint !== false);
}

function tasksOf(outcomes: readonly ItemOutcome[]): SimplifiedTask[] {
	return valuesOf(outcomes).flatMap(({ task }) => task ?? []);
}

/** More would push the items out of sight. */
const LINKS_SHOWN = 10;

/** In the order of the items: the editor shows addresses in items as plain text, and links in hints. */
function videoLinks(tasks: readonly SimplifiedTask[]): string[] {
	const urls = tasks.flatMap(({ videoUrl }) => videoUrl ?? []);
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

const OWN_OUTPUT = advice(
	'To send failed videos another way, set On Error to “Continue (using error output)” in the settings of this node.',
);

function failedText(failures: readonly TaskFailure[], all: number): string {
	const causes = listCauses(failures.map(({ code, message }) => message || code));
	return `${shareOf(failures.length, all)} failed: ${causes}. ${creditsOf(failures)}`;
}

function creditsOf(failures: readonly TaskFailure[]): string {
	const refunded = failures.filter(isRefunded).length;
	if (refunded === failures.length) {
		return `${refunded === 1 ? 'Its' : 'Their'} credits were given back.`;
	}
	if (refunded === 0) return 'The API gives credits back only for tasks that failed there.';
	return `The credits of ${refunded} of them were given back.`;
}

function lateText(late: number, all: number): string {
	const [was, id] = late === 1 ? ['was', 'its task ID'] : ['were', 'their task IDs'];
	return `${shareOf(late, all)} ${was} not ready in time. Nothing is lost: use Wait for Video or Get Video with ${id}.`;
}

function refusedText(refused: readonly Failure[], all: number): string {
	const was = refused.length === 1 ? 'was' : 'were';
	const isLocal = refused.every((failure) => failure instanceof Refusal);
	const happened = isLocal ? `${was} not started` : 'did not go through';
	const causes = refused.map((failure) =>
		failure instanceof ApiFailure ? describeFailure(failure.detail).message : failure.message,
	);
	return `${refused.length} of ${all} items ${happened}: ${listCauses(causes)}.`;
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

/** How long the videos that are under way have been running. */
export function runningHints(outcomes: readonly ItemOutcome[], nowMs: number): string[] {
	const usually = 'Most videos take 1 to 15 minutes.';
	const running = tasksOf(outcomes).filter(
		({ videoUrl, failure }) => videoUrl === null && failure === null,
	);
	const [first] = running;
	if (first === undefined) return [];
	if (running.length > 1) {
		return [`${running.length} of ${outcomes.length} videos are under way. ${usually}`];
	}
	const minutes = first.createdAt === null ? 0 : (nowMs - Date.parse(first.createdAt)) / 60_000;
	const since = minutes < 1 ? 'less than a minute' : `${Math.round(minutes)} min`;
	return [`The video has been under way for ${since}. ${usually}`];
}
