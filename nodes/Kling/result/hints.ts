import { isHttpUrl } from '../api/address';
import { type Hint, warning } from '../n8n/hints';
import type { ItemOutcome } from './item';
import { isRefunded, type TaskFailure } from './task';

/** What the user should know of the tasks of a run: their videos, and those without one. */
export function resultHints(outcomes: readonly ItemOutcome[]): Hint[] {
	return [...failedVideos(outcomes), ...lateVideos(outcomes), ...videoLinks(outcomes)];
}

/** `1 of 12 videos`, or `The video` where there is only one. */
function shareOf(count: number, all: number): string {
	if (all === 1) return 'The video';
	return `${count} of ${all} videos`;
}

/** Each cause once, however many videos it ended. */
const CAUSES_SHOWN = 3;

function failedVideos(outcomes: readonly ItemOutcome[]): Hint[] {
	const failures = outcomes.flatMap(({ failure }) => failure ?? []);
	if (failures.length === 0) return [];
	const causes = [...new Set(failures.map(({ code, message }) => message || code))];
	const named = causes.slice(0, CAUSES_SHOWN).map(escapeHtml).join('; ');
	const more = causes.length > CAUSES_SHOWN ? '; …' : '';
	return [
		warning(
			`${shareOf(failures.length, outcomes.length)} failed: ${named}${more}. ${creditsOf(failures)}`,
		),
	];
}

function creditsOf(failures: readonly TaskFailure[]): string {
	const refunded = failures.filter(isRefunded).length;
	if (refunded === failures.length) {
		return `${refunded === 1 ? 'Its' : 'Their'} credits were given back.`;
	}
	if (refunded === 0) return 'The API gives credits back only for tasks that failed there.';
	return `The credits of ${refunded} of them were given back.`;
}

function lateVideos(outcomes: readonly ItemOutcome[]): Hint[] {
	const late = outcomes.filter((outcome) => outcome.ok && outcome.timedOut === true).length;
	if (late === 0) return [];
	const [was, id] = late === 1 ? ['was', 'its task ID'] : ['were', 'their task IDs'];
	return [
		warning(
			`${shareOf(late, outcomes.length)} ${was} not ready in time. Nothing is lost: use Wait for Video or Get Video with ${id}.`,
		),
	];
}

/** The API's own words, where HTML counts (n8n: hints are sanitized HTML). */
function escapeHtml(text: string): string {
	return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/\.$/, '');
}

/** More would push the items out of sight. */
const LINKS_SHOWN = 10;

/**
 * Links to the videos of a run, in the order of its items: the editor shows addresses in items as
 * plain text, and links in hints (n8n: hints are sanitized HTML).
 */
export function videoLinks(outcomes: readonly ItemOutcome[]): string[] {
	const urls = outcomes.flatMap((outcome) => (outcome.ok ? (outcome.videoUrl ?? []) : []));
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
